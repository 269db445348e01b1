"""One's own safety at work: the second factor, its recovery codes, and a new password by mail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import segno
from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.errors import DomainError
from kernel.http.errors import Forbidden
from kernel.http.forms import refuse
from kernel.http.pages import SIGNED_IN, PageRequest, PageView
from kernel.observe import context

from . import selectors, services


class FactorForm(forms.Form):
    """A code of one's app, or a recovery code where one is on already."""

    code = forms.CharField(
        label=gettext_lazy("Code of your authenticator app"),
        max_length=20,
        widget=forms.TextInput({"class": "input", "autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class Security(PageView):
    """Whether the second factor is on, and what can be done about it. For staff and the operator's people."""

    permission = {"GET": SIGNED_IN, "POST": SIGNED_IN}
    when_read_only = True

    def get(self, request: PageRequest) -> HttpResponse:
        return self._shown(request)

    def post(self, request: PageRequest) -> HttpResponse:
        deeds: dict[str, Callable[[PageRequest], HttpResponse]] = {
            "enrol": self._enrol,
            "confirm": self._confirm,
            "off": self._off,
            "codes": self._codes,
            "password": self._password,
        }
        deed = deeds.get(request.POST.get("deed", ""))
        if deed is None:
            return self._shown(request)
        _mine(request)
        return deed(request)

    def _enrol(self, request: PageRequest) -> HttpResponse:
        try:
            made = services.factor_enrol(user=_mine(request))
        except DomainError as error:
            return self._refused(request, error)
        return self._shown(request, made=made)

    def _confirm(self, request: PageRequest) -> HttpResponse:
        form = FactorForm(request.POST)
        if not form.is_valid():
            return self._shown(request, form=form, made=services.factor_enrolment(user=_mine(request)))
        try:
            codes = services.factor_confirm(user=_mine(request), code=form.cleaned_data["code"])
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, form=form, made=services.factor_enrolment(user=_mine(request)))
        return self._shown(request, codes=codes)

    def _off(self, request: PageRequest) -> HttpResponse:
        return self._by_code(request, lambda code: services.factor_disable(user=_mine(request), code=code))

    def _codes(self, request: PageRequest) -> HttpResponse:
        return self._by_code(request, lambda code: services.recovery_codes_renew(user=_mine(request), code=code))

    def _by_code(self, request: PageRequest, does: Callable[[str], list[str] | None]) -> HttpResponse:
        form = FactorForm(request.POST)
        if not form.is_valid():
            return self._shown(request, form=form)
        try:
            codes = does(form.cleaned_data["code"])
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, form=form)
        if codes:
            return self._shown(request, codes=codes)
        messages.success(request, _("The second factor is off."))
        return redirect("page_security")

    def _password(self, request: PageRequest) -> HttpResponse:
        person = selectors.user_by_id(_mine(request))
        if person is None or not person.email:
            raise Forbidden
        try:
            services.password_link_send(email=person.email, ip=context.client_ip.get() or None)
        except DomainError as error:
            return self._refused(request, error)
        messages.success(request, _("A link to choose a new password is on its way to your e-mail."))
        return redirect("page_security")

    def _refused(self, request: PageRequest, error: DomainError) -> HttpResponse:
        form = FactorForm({"code": "-"})
        form.is_valid()
        refuse(form, error)
        return self._shown(request, form=form)

    @staticmethod
    def _shown(request: PageRequest, *, form: forms.Form | None = None, **told: Any) -> HttpResponse:
        user = _mine(request)
        factor = selectors.second_factor_of(user)
        told |= {
            "form": form or FactorForm(),
            "factor": factor,
            "left": selectors.recovery_codes_left(user) if factor else 0,
            "is_required": services.factor_required(),
        }
        if made := told.get("made"):
            drawn = segno.make(made.uri).svg_inline(border=0, dark="#17181c", omitsize=True)
            told["picture"] = mark_safe(drawn)  # noqa: S308 - drawn by the library from our own address
        status = 422 if form is not None and form.errors else 200
        return render(request, "accounts/security.html", told, status=status)


def _mine(request: PageRequest) -> UUID:
    """Who asks; a student signs in by a code to the phone each time and has none of this."""
    if request.actor.kind == "student":
        raise Forbidden
    return cast(UUID, request.actor.user_id)
