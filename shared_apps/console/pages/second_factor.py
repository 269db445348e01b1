"""One's own second factor at the operator's desk: since when it is on, and new recovery codes."""

import base64
from typing import cast
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse
from kernel.http.pages import SIGNED_IN, PageRequest, PageView
from shared_apps.accounts import selectors as people
from shared_apps.accounts import services as accounts
from shared_apps.console.forms import CodeForm


class SecondFactor(PageView):
    """Nobody works here without one, so there is nothing to turn off; codes on paper are renewed by a code of the app."""

    permission = {"GET": SIGNED_IN, "POST": SIGNED_IN}

    def get(self, request: PageRequest) -> HttpResponse:
        return self._shown(request, CodeForm())

    def post(self, request: PageRequest) -> HttpResponse:
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self._shown(request, form)
        me = cast(UUID, request.actor.user_id)
        try:
            codes = accounts.recovery_codes_renew(user=me, code=form.cleaned_data["code"])
        except DomainError as error:
            error.field = "code"
            refuse(form, error)
            return self._shown(request, form)
        text = base64.b64encode("\n".join(codes).encode()).decode()
        return render(
            request, "console/recovery_codes.html", {"codes": codes, "file": f"data:text/plain;base64,{text}"}
        )

    @staticmethod
    def _shown(request: PageRequest, form: CodeForm) -> HttpResponse:
        me = cast(UUID, request.actor.user_id)
        told = {
            "factor": people.second_factor_of(me),
            "codes_left": people.recovery_codes_left(me),
        }
        return form_page(request, "console/second_factor.html", form, told)
