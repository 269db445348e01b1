"""`Input` validates what comes in, `Output` names what goes out; both also write the OpenAPI document."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from kernel.http import errors


class Input(serializers.Serializer):
    """A request body: every field it does not declare is refused.

    `Input.parse(request)` gives the validated dict; raises Invalid, UnknownField or Malformed (kernel.http.errors).
    """

    @classmethod
    def parse(cls, request: Request, **options: Any) -> dict[str, Any]:
        """The validated body. `partial=True` for PATCH: absent fields stay absent."""
        return cls.check(request.data, **options)

    @classmethod
    def parse_query(cls, request: Request, **options: Any) -> dict[str, Any]:
        """The validated query string, for reads that take parameters of their own."""
        return cls.check(request.query_params.dict(), **options)

    @classmethod
    def check(cls, data: Any, *, partial: bool = False) -> dict[str, Any]:
        """Validate data from anywhere (a file row, a socket message) as `parse` does."""
        try:
            return dict(_checker(cls, partial).run_validation(data))
        except ValidationError:
            serializer = cls(data=data, partial=partial)  # which words its errors as its own
            serializer.is_valid(raise_exception=True)
            raise

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                raise errors.UnknownField(
                    "There is no field " + ", ".join(sorted(unknown)[:10]) + ".",
                    field=unknown[0][:100],
                    errors=[
                        {"field": name[:100], "code": "unknown", "detail": "There is no such field."}
                        for name in sorted(unknown)[:10]
                    ],
                )
        return super().to_internal_value(data)


@cache
def _checker(kind: type[Input], partial: bool) -> Input:
    """One that checks for all: copying every field for each request takes six times as long as checking (measured)."""
    return kind(partial=partial)


class Output(serializers.Serializer):
    """The names and types of an answer. Lists are built by PostgreSQL from it (`kernel.http.lists.rows`).

    A field's column is its `source`, dots becoming joins; a field that is itself an Output becomes a nested object.
    """
