"""Who a piece of work is done for: one frozen value that names a business, its schema and its database role."""

from dataclasses import dataclass, field
from uuid import UUID

from kernel.tenancy.states import ALIVE_STATES, ANSWERS, UNMADE_STATES, Answer, Door

PUBLIC_SCHEMA = "public"
EXTENSIONS_SCHEMA = "ext"


@dataclass(frozen=True, slots=True)
class Business:
    """A tenant, or the operator itself (`kind == "platform"`).

    `schema` and `role` are PostgreSQL names; `public_id` is permanent and begins every id sent outside; `zone` is an
    IANA time zone; `language` is `en` or `hi`. `brand` is its colour as six hexadecimal digits, `logo` the id of one of
    its files; both may be empty. `fingerprint` names the migrations its schema has had (`fleet.versions`).
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
    brand: str = ""
    logo: str = ""
    # Not who it is: two values of one business are equal while its schema is being migrated.
    fingerprint: str = field(default="", compare=False)

    @property
    def is_platform(self) -> bool:
        return self.schema == PUBLIC_SCHEMA

    @property
    def is_made(self) -> bool:
        """Whether its set-up is over: it has all that people work with."""
        return self.state not in UNMADE_STATES

    @property
    def is_alive(self) -> bool:
        """Whether its people may work."""
        return self.is_platform or self.state in ALIVE_STATES

    @property
    def has_left(self) -> bool:
        """Whether it is gone for good; its schema may still stand for a moment."""
        return ANSWERS[self.state][Door.JOBS] is Answer.CLOSED

    def __str__(self) -> str:
        return self.schema
