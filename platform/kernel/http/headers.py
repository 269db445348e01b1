"""What protects an answer wherever it is shown or kept: the same on every host and for every status."""

from collections.abc import Iterable, Mapping

from django.conf import settings

_CSP_DATA = "default-src 'none'; frame-ancestors 'none'"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(), payment=()",
    # Answers with data are never kept by caches unless they say so.
    "Cache-Control": "no-store",
}


def page_policy(*, form_action: Iterable[str] = ()) -> str:
    """What a page may load and where its forms may lead: here, and to `form_action`'s origins for the page that names them.

    Scripts, styles, sockets, workers and manifests are this host's own, whatever the page.
    """
    forms = " ".join(["'self'", *form_action])
    return (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action {forms}"
    )


_OF_DATA = {**ALWAYS, "Content-Security-Policy": _CSP_DATA}
_OF_PAGES = {**ALWAYS, "Content-Security-Policy": page_policy()}


def protective(*, page: bool = False) -> Mapping[str, str]:
    """The headers of an answer: a page may load what is its own, data nothing at all."""
    return _OF_PAGES if page else _OF_DATA


def strict_transport() -> dict[str, str]:
    """For answers that Django's middleware does not see, where settings ask for it; over plain HTTP it says nothing."""
    if not settings.SECURE_HSTS_SECONDS:
        return {}
    subdomains = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
    preload = "; preload" if settings.SECURE_HSTS_PRELOAD else ""
    return {"Strict-Transport-Security": f"max-age={settings.SECURE_HSTS_SECONDS}{subdomains}{preload}"}
