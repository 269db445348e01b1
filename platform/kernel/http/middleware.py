"""What every request and answer passes: its body is taken in, and headers protect beyond those of Django's own."""

from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.contrib.messages.middleware import MessageMiddleware as DjangoMessages
from django.http import HttpRequest, UnreadablePostError
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase

from kernel.http.headers import protective

Next = Callable[[HttpRequest], HttpResponseBase]


class BodyMiddleware:
    """Takes in what nobody read of a request's body, up to what a body may be.

    A server left with an unread body closes the connection behind its answer, while the proxy in front may already send
    the next request over it; that one, if it changes something, is not sent again and ends as 502.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        with suppress(UnreadablePostError):
            request.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        return response


class MessageMiddleware(DjangoMessages):
    """What one page leaves for the next to say; the API has no use for it."""

    def process_request(self, request: HttpRequest) -> None:
        if not request.path_info.startswith("/api/"):
            super().process_request(request)


class ContentHeadersMiddleware:
    """What an answer may load and who may show or keep it (`kernel.http.headers`), unless the answer itself says."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        page = response.headers.get("Content-Type", "").startswith("text/html")
        for name, value in protective(page=page).items():
            response.headers.setdefault(name, value)
        if settings.SECURE_HSTS_SECONDS and request.is_secure() and not _is_ours(request):
            # A tenant's own domain: what else stands below it is theirs, and may well be plain.
            response.headers.setdefault("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}")
        return response


def _is_ours(request: HttpRequest) -> bool:
    host, _ = split_domain_port(request.META.get("HTTP_HOST", ""))
    return not host or host == settings.BARE_DOMAIN or host.endswith(f".{settings.BARE_DOMAIN}")
