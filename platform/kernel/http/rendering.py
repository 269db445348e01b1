"""JSON out and in: one renderer, one parser, no negotiation by `?format=` or `Accept`."""

from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from kernel.http import errors


def dumps(data: Any) -> bytes:
    """JSON bytes; decimals become text, as the lists PostgreSQL builds have them."""
    return orjson.dumps(data, default=_text, option=orjson.OPT_NON_STR_KEYS)


def _text(value: Any) -> Any:
    # What orjson does not know by itself: sets, decimals, lazily translated texts.
    return list(value) if isinstance(value, set | frozenset) else str(value)


class JsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else dumps(data)


class JsonParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """The decoded body, up to the size a body may have (TooLarge).

        NaN, Infinity, lone surrogates and numbers beyond a double are malformed, not 500.
        """
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise errors.TooLarge()
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"Not JSON: {error}") from error


class JsonOnly(DefaultContentNegotiation):
    """Answers are JSON whatever `Accept` says; `?format=` belongs to the lists, which know `csv`."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
