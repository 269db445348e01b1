"""The request as views of the house get it: its user is an Actor."""

from typing import TYPE_CHECKING, Any

from rest_framework.request import Request as _Request

if TYPE_CHECKING:

    class Request(_Request):
        """What `ApiView` and `@idempotent` add, told to the type checker; `user` is an Actor."""

        user: Any
        idempotency_id: str
        rate_headers: dict[str, str]

else:
    Request = _Request
