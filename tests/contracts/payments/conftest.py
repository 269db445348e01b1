"""The contract runs against the sandbox process the connector tests use."""

from tests.connectors.conftest import _database_is_open, sandbox, sandbox_urls, shop

__all__ = ["_database_is_open", "sandbox", "sandbox_urls", "shop"]
