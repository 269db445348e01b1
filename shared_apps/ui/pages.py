"""Pages that belong to no app: one's language and light, the page for when there is no network, the style guide."""

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from kernel import clock
from kernel.errors import DomainError, NotFound
from kernel.http import errors, problems
from kernel.http.pages import PUBLIC, PageRequest, PageView, local_path
from kernel.http.readers import LANGUAGE_COOKIE
from kernel.tenancy.middleware import Closed, HostUnknown, NotReady, Suspended
from shared_apps.ui.examples import GuideForm, guide
from shared_apps.ui.shell import KEYS_COOKIE, THEME_COOKIE, THEMES

A_YEAR_S = 365 * 24 * 60 * 60
PROBLEMS: dict[str, DomainError] = {
    "403": errors.Forbidden(),
    "404": NotFound(),
    "409": errors.Changed(),
    "410": Closed(),
    "422": errors.FormStale(),
    "429": errors.Throttled(retry_after=40),
    "500": errors.Internal(),
    "503": NotReady(),
    "unknown": HostUnknown(),
    "suspended": Suspended(),
}


class Preferences(PageView):
    """Language, light and keys: cookies of this host, for whoever reads here, signed in or not."""

    permission = {"POST": PUBLIC}
    when_suspended = True

    def post(self, request: PageRequest) -> HttpResponse:
        answer = HttpResponseRedirect(local_path(request.POST.get("next", "")))
        language, theme = request.POST.get("language", ""), request.POST.get("theme", "")
        if language in dict(settings.LANGUAGES):
            self._keep(answer, LANGUAGE_COOKIE, language)
        if (keys := request.POST.get("keys", "")) in {"on", "off"}:
            self._keep(answer, KEYS_COOKIE, keys)
        if theme in THEMES:
            self._keep(answer, THEME_COOKIE, theme)
        elif theme:
            answer.delete_cookie(THEME_COOKIE)
        return answer

    @staticmethod
    def _keep(answer: HttpResponse, name: str, value: str) -> None:
        secure = settings.SCHEME == "https"
        answer.set_cookie(name, value, max_age=A_YEAR_S, secure=secure, httponly=True, samesite="Lax")


class Offline(PageView):
    """What is shown where there is no network."""

    permission = {"GET": PUBLIC}
    when_suspended = True

    def get(self, request: PageRequest) -> HttpResponse:
        return render(request, "ui/offline.html")


class Styleguide(PageView):
    """Every component in each of its states, and every refusal as a page; on development stacks only."""

    permission = {"GET": PUBLIC}

    def get(self, request: PageRequest, name: str = "") -> HttpResponse:
        if not settings.STYLEGUIDE:
            raise NotFound
        if name:
            if name not in PROBLEMS:
                raise NotFound
            return problems.page(PROBLEMS[name], request)
        form = GuideForm({"name": "", "slug": "Asha Academy", "kind": "both"})
        form.is_valid()
        told = {"form": form, "problems": PROBLEMS, "now": clock.now(), **guide()}
        return render(request, "ui/styleguide.html", told)
