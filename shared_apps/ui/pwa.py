"""The portal as a tenant's own app on a phone: its manifest, its icons, and the worker for when there is no network."""

from __future__ import annotations

import hashlib
import json
from html import escape
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse

from kernel.http.errors import NotFound
from kernel.http.headers import page_policy
from kernel.http.pages import PUBLIC, PageRequest, PageView
from kernel.tenancy import Business
from shared_apps.ui.drawing import letter_png
from shared_apps.ui.templatetags.ui import asset

BRAND = "3a3db0"
PAPER = "#f6f6f3"
SHORT = 12
SIZES = (180, 192, 512)
# What is kept of a student, the first of them shown for any page that cannot be reached.
PAGES = ("/today", "/pass")
OFFLINE = "/offline"
A_DAY = "public, max-age=86400"


class Manifest(PageView):
    """Name, colours and icons of the tenant, as phones ask for them."""

    permission = {"GET": PUBLIC}
    when_suspended = True

    def get(self, request: PageRequest) -> HttpResponse:
        business = request.business
        version = icon_version(business)
        icons = [{"src": f"/icon.svg?v={version}", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}]
        for size in (192, 512):
            for purpose in ("any", "maskable"):
                icons.append(
                    {
                        "src": f"/icon-{size}.png?v={version}",
                        "sizes": f"{size}x{size}",
                        "type": "image/png",
                        "purpose": purpose,
                    }
                )
        told = {
            "id": "/",
            "name": business.name,
            "short_name": short_name(business.name),
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "lang": business.language,
            "theme_color": f"#{business.brand or BRAND}",
            "background_color": PAPER,
            "icons": icons,
        }
        answer = HttpResponse(json.dumps(told, ensure_ascii=False), content_type="application/manifest+json")
        answer["Cache-Control"] = "public, max-age=3600"
        return answer


class IconSvg(PageView):
    """The tenant's letter on its colour."""

    permission = {"GET": PUBLIC}
    when_suspended = True

    def get(self, request: PageRequest) -> HttpResponse:
        letter, colour = letter_of(request.business), request.business.brand or BRAND
        drawn = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512">'
            f'<rect width="512" height="512" fill="#{colour}"/>'
            '<text x="256" y="256" dy="0.36em" text-anchor="middle" font-family="Inter,system-ui,sans-serif" '
            f'font-size="260" font-weight="650" fill="#fff">{escape(letter)}</text></svg>'
        )
        return _kept(HttpResponse(drawn, content_type="image/svg+xml"))


class IconPng(PageView):
    """The same as a picture for phones that take no drawing; its letter stands within what a mask leaves."""

    permission = {"GET": PUBLIC}
    when_suspended = True

    def get(self, request: PageRequest, size: int) -> HttpResponse:
        if size not in SIZES:
            raise NotFound
        drawn = letter_png(letter_of(request.business), colour=request.business.brand or BRAND, size=size)
        return _kept(HttpResponse(drawn, content_type="image/png"))


class Worker(PageView):
    """The worker of whoever reads: a student's keeps today's page and the pass; anybody else's takes itself away."""

    permission = {"GET": PUBLIC}
    when_suspended = True

    def get(self, request: PageRequest) -> HttpResponse:
        source = (Path(settings.STATIC_ROOT) / "ui/worker.js").read_text()
        shell = [OFFLINE, asset("ui/ui.css"), asset("ui/ui.js"), asset("ui/portal.js")]
        whose = ""
        if request.actor.kind == "student" and not request.actor.support:
            whose = _digest(f"{request.actor.user_id}|{request.actor.student}")
        version = _digest(source + "".join(shell))
        kept = {
            "name": f"shala|{request.get_host()}|{whose or 'nobody'}|{version}",
            "whose": whose,
            "shell": shell,
            "pages": PAGES,
            "offline": OFFLINE,
        }
        answer = HttpResponse(f"const KEPT = {json.dumps(kept)};\n{source}", content_type="text/javascript")
        # A worker asks under the policy it came with, not under that of a page.
        answer["Content-Security-Policy"] = page_policy()
        return answer


def letter_of(business: Business) -> str:
    """The letter that stands for a business."""
    return next((sign.upper() for sign in business.name if sign.isalnum()), "S")


def short_name(name: str) -> str:
    """A name as it fits below an icon: as many whole words as do, else its beginning."""
    kept = ""
    for word in name.split():
        if len(f"{kept} {word}".strip()) > SHORT:
            break
        kept = f"{kept} {word}".strip()
    return kept or name[:SHORT]


def icon_version(business: Business) -> str:
    """Changes with what the icon shows, so that phones take the new one."""
    return _digest(f"{letter_of(business)}|{business.brand}")


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _kept(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = A_DAY
    return answer
