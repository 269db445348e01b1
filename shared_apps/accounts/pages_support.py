"""Where the operator's support comes in as a tenant's owner, by a link good once, and goes again."""

from django.http import HttpResponse
from django.shortcuts import render

from kernel.errors import NotFound
from kernel.http.pages import PUBLIC, SIGNED_IN, PageRequest, PageView

from . import selectors, services, sessions
from .pages import REFERRER_POLICY, come_in, device_of


class Entry(PageView):
    """Says as whom, why and until when; only the button spends the link, so that nothing that looks ahead does."""

    permission = {"GET": PUBLIC, "POST": PUBLIC}
    when_read_only = True

    def get(self, request: PageRequest) -> HttpResponse:
        token = request.GET.get("token", "")
        answer = render(request, "accounts/support.html", {"visit": services.support_of(token), "token": token})
        answer["Referrer-Policy"] = REFERRER_POLICY
        return answer

    def post(self, request: PageRequest) -> HttpResponse:
        sign_in = services.support_open(token=request.POST.get("token", ""), device=device_of(request))
        return come_in(request, sign_in=sign_in)


class End(PageView):
    """Support leaves before its hour."""

    permission = {"POST": SIGNED_IN}
    when_read_only = True

    def post(self, request: PageRequest) -> HttpResponse:
        visit = selectors.support_visits().filter(sign_in=request.actor.sign_in).first()
        if visit is None:
            raise NotFound
        services.support_end(visit=visit.id, because="support")
        answer = render(request, "accounts/support_ended.html")
        sessions.forget(answer)
        return answer
