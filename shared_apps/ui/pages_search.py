"""The command palette: one search over pages, deeds and everything the apps let be found; a plain page without scripts."""

from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

from kernel.http import search
from kernel.http.pages import SIGNED_IN, PageRequest, PageView
from kernel.http.readers import is_partial
from shared_apps.ui import navigation
from shared_apps.ui.shell import Shell

LONGEST = 80


class Search(PageView):
    """Finds; what is named exactly, as a pasted number or one of our addresses, is gone to at once."""

    permission = {"GET": SIGNED_IN}

    def get(self, request: PageRequest) -> HttpResponse:
        asked = request.GET.get("q", "").strip()
        if (place := ours(request, asked)) is not None:
            hit = search.Hit(title=place, address=place, icon="link", is_exact=True)
            groups = [search.Group(_("Address"), [hit])]
        else:
            groups = found(request, asked[:LONGEST])
        exact = [hit for group in groups for hit in group.hits if hit.is_exact]
        if is_partial(request):
            return render(request, "ui/found.html", {"groups": groups, "text": asked})
        if len(exact) == 1 and asked:
            return redirect(exact[0].address)
        return render(request, "ui/search.html", {"groups": groups, "text": asked})


def found(request: PageRequest, text: str) -> list[search.Group]:
    """The apps' own first, then deeds and pages whose words hold what was typed."""
    shell = Shell(request)
    deeds = [_hit(link, "warn") for link in shell.deeds if _fits(link, text)]
    places = [_hit(link, "ok") for link in [*shell.links, *shell.places] if _fits(link, text)]
    groups = [
        *search.search(request.actor, text),
        search.Group(_("Actions"), deeds[: search.MOST]),
        search.Group(_("Go to"), places[: search.MOST if text else 2 * search.MOST]),
    ]
    return [group for group in groups if group.hits]


def _fits(link: navigation.Link, text: str) -> bool:
    words = link.label.casefold()
    return all(word in words for word in text.casefold().split())


def _hit(link: navigation.Link, tone: str) -> search.Hit:
    keys = f"g {link.keys}" if link.keys else ""
    return search.Hit(title=link.label, address=link.address, icon=link.icon, tone=tone, keys=keys)


def ours(request: PageRequest, text: str) -> str | None:
    """The path of a pasted address of this host, when there is a page at it."""
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or url.netloc != request.get_host():
        return None
    try:
        match = resolve(url.path, urlconf=getattr(request, "urlconf", None))
    except Resolver404:
        return None
    if not (match.url_name or "").startswith("page_"):
        return None
    return f"{url.path}?{url.query}" if url.query else url.path
