"""Who a piece of work is done for: one frozen value that names a business, its schema and its database role."""

from dataclasses import dataclass
from uuid import UUID

PUBLIC_SCHEMA = "public"
EXTENSIONS_SCHEMA = "ext"
ALIVE_STATES = frozenset({"trial", "active", "past_due"})


@dataclass(frozen=True, slots=True)
class Business:
    """A tenant, or the operator itself (`kind == "platform"`).

    `schema` and `role` are PostgreSQL names; `public_id` is permanent and begins every id sent outside; `zone` is an
    IANA time zone; `language` is `en` or `hi`.
    """

    schema: str
    role: str
    public_id: str
    id: UUID
    slug: str
    name: str
    kind: str
    state: str
    zone: str = "Asia/Kolkata"
    language: str = "en"

    @property
    def is_platform(self) -> bool:
        return self.schema == PUBLIC_SCHEMA

    @property
    def is_alive(self) -> bool:
        """Whether its people may work."""
        return self.is_platform or self.state in ALIVE_STATES

    @property
    def runs_jobs(self) -> bool:
        """Whether its jobs run: they do while it is being made, or the owner's invitation would wait."""
        return self.is_alive or self.state == "provisioning"

    def __str__(self) -> str:
        return self.schema
