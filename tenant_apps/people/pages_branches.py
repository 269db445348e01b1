"""The places of a business: added, renamed, closed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.errors import DomainError
from kernel.http.errors import Forbidden
from kernel.http.forms import form_page, refuse
from kernel.http.pages import PageRequest, PageView
from tenant_apps.people import selectors, services
from tenant_apps.people.models import Branch

_TEXT = {"class": "input", "autocomplete": "off"}
KINDS = [("academy", gettext_lazy("Academy")), ("library", gettext_lazy("Study library"))]
STATES = [
    ("open", gettext_lazy("Active")),
    ("maintenance", gettext_lazy("Closed for repairs")),
    ("closed", gettext_lazy("Closed")),
]


class BranchForm(forms.Form):
    """What a place is called and where it is."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, widget=forms.TextInput(_TEXT))
    city = forms.CharField(label=gettext_lazy("City"), max_length=80, required=False, widget=forms.TextInput(_TEXT))
    address = forms.CharField(
        label=gettext_lazy("Address"), max_length=240, required=False, widget=forms.TextInput(_TEXT)
    )


class NewBranchForm(BranchForm):
    """A new place, with what stays for good: its kind and its code."""

    code = forms.RegexField(
        r"^[A-Za-z0-9]{2,8}\Z",
        label=gettext_lazy("Code"),
        help_text=gettext_lazy("2 to 8 letters and digits; students' numbers begin with it. It stays for good."),
        widget=forms.TextInput(_TEXT | {"autocapitalize": "characters", "spellcheck": "false"}),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=KINDS, widget=forms.Select(_TEXT))


class BranchChangeForm(BranchForm):
    """A place as it may be changed."""

    state = forms.ChoiceField(label=gettext_lazy("State"), choices=STATES, widget=forms.Select(_TEXT))


class Branches(PageView):
    """All places one works in, and the form for a new one."""

    permission = {"GET": "libraries.change", "POST": "libraries.change"}

    def get(self, request: PageRequest) -> HttpResponse:
        kind = "library" if request.business.kind == "library" else "academy"
        return self._shown(request, NewBranchForm(initial={"kind": kind}))

    def post(self, request: PageRequest) -> HttpResponse:
        if request.actor.branches is not None:
            raise Forbidden
        form = NewBranchForm(request.POST)
        if not form.is_valid():
            return self._shown(request, form)
        given = form.cleaned_data
        try:
            branch = services.branch_create(**given | {"code": given["code"].upper()})
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, form)
        messages.success(request, _("%(name)s is added.") % {"name": branch.name})
        return redirect("page_branches")

    @staticmethod
    def _shown(request: PageRequest, form: forms.Form) -> HttpResponse:
        active = Count("students", filter=Q(students__state="active"))
        rows = selectors.branches_visible(request.actor).annotate(active=active).order_by("name")
        # A place more is for who works in all of them.
        told = {"branches": rows, "may_add": request.actor.branches is None}
        return form_page(request, "people/branches.html", form, told)


class BranchChange(PageView):
    """Renames a place, moves it, opens or closes it."""

    permission = {"GET": "libraries.change", "POST": "libraries.change"}

    def get(self, request: PageRequest, branch: UUID) -> HttpResponse:
        row = selectors.branch_get(request.actor, branch)
        known = {name: getattr(row, name) for name in ("name", "city", "address", "state")}
        return self._shown(request, row, BranchChangeForm(initial=known))

    def post(self, request: PageRequest, branch: UUID) -> HttpResponse:
        row = selectors.branch_get(request.actor, branch)
        form = BranchChangeForm(request.POST)
        if not form.is_valid():
            return self._shown(request, row, form)
        changes: dict[str, Any] = form.cleaned_data
        try:
            services.branch_change(branch=row, changes=changes)
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, row, form)
        messages.success(request, _("%(name)s is saved.") % {"name": changes["name"]})
        return redirect("page_branches")

    @staticmethod
    def _shown(request: PageRequest, row: Branch, form: forms.Form) -> HttpResponse:
        told = {"branch": row, "form": form}
        return form_page(request, "people/branch.html", form, told)
