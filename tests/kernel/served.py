"""The live process as it is served, with the tests' vendor registered."""

from config.asgi import application
from tests.kernel.inbox import vendor

__all__ = ["application", "vendor"]
