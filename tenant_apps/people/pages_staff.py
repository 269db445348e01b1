"""Who works here: found, invited, given other roles, shut out; what each did; and what a role may do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kernel.audit.models import Entry
from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse
from kernel.http.lookup import found
from kernel.http.pages import PageRequest, PageView
from shared_apps.accounts import selectors as accounts
from shared_apps.accounts import services
from tenant_apps.people import rights, selectors
from tenant_apps.people.deeds import deed_words
from tenant_apps.people.forms_staff import InviteForm, RolesForm

A_PAGE = 25
TRAIL = 15
STATES = ("active", "invited", "deactivated")


class Staff(PageView):
    """Everyone with a role in one's branches; what is searched and filtered stands in the address."""

    permission = {"GET": "users.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        text, state = request.GET.get("q", "").strip()[:80], request.GET.get("state", "")
        people = accounts.staff_seen(request.actor).order_by("name", "id")
        if text:
            people = people.filter(Q(name__icontains=text) | Q(email__icontains=text) | Q(phone__icontains=text))
        if state in STATES:
            people = people.filter(state=state)
        page = Paginator(people, A_PAGE).get_page(request.GET.get("page"))
        places = dict(selectors.branches_visible(request.actor).values_list("id", "name"))
        for person in page.object_list:
            _worded(person, places)
        told = {"page": page, "text": text, "state": state, "states": STATES, "is_filtered": bool(text or state)}
        return render(request, "people/staff.html", told)


def _worded(person: Any, places: dict[UUID, str]) -> Any:
    """The person with roles and branches in words."""
    held = person.roles
    person.role_names = [rights.NAMES.get(role, role) for role in dict.fromkeys(one["role"] for one in held)]
    chosen = dict.fromkeys(UUID(one["branch"]) for one in held if one["branch"])
    person.places = [places[one] for one in chosen if one in places]
    return person


def _choices(request: PageRequest) -> dict[str, Any]:
    """What may be given by whoever asks."""
    branches = selectors.branches_visible(request.actor).order_by("name")
    return {
        "roles": rights.role_choices(is_owner="owner" in request.actor.roles),
        "branches": [(str(one.id), one.name) for one in branches],
    }


class Invite(PageView):
    """Has someone mailed a link to choose a password and come in."""

    permission = {"GET": "users.add", "POST": "users.add"}

    def get(self, request: PageRequest) -> HttpResponse:
        return self._shown(request, InviteForm(**_choices(request)))

    def post(self, request: PageRequest) -> HttpResponse:
        form = InviteForm(request.POST, **_choices(request))
        if not form.is_valid():
            return self._shown(request, form)
        given = form.cleaned_data
        try:
            services.staff_invite(
                name=given["name"],
                email=given["email"],
                phone=given["phone"] or None,
                roles=form.held(),
                by=request.actor,
            )
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, form)
        messages.success(request, _("%(name)s is invited: a link is on its way.") % {"name": given["name"]})
        return redirect("page_staff")

    @staticmethod
    def _shown(request: PageRequest, form: forms.Form) -> HttpResponse:
        return form_page(request, "people/staff_invite.html", form)


class Member(PageView):
    """One person: roles to change, and what they did lately."""

    permission = {"GET": "users.view", "POST": "users.change"}

    def get(self, request: PageRequest, user: UUID) -> HttpResponse:
        return member_page(request, user)

    def post(self, request: PageRequest, user: UUID) -> HttpResponse:
        person = _person(request, user)
        form = RolesForm(request.POST, **_choices(request))
        if not form.is_valid():
            return member_page(request, user, form=form)
        try:
            services.user_change(user=person, by=request.actor, roles=form.held())
        except DomainError as error:
            refuse(form, error)
            return member_page(request, user, form=form)
        messages.success(request, _("The roles of %(name)s count from now on.") % {"name": person.name})
        return redirect("page_member", user)


def _person(request: PageRequest, user: UUID) -> Any:
    people: QuerySet[Any] = accounts.staff_seen(request.actor)
    return found(people, id=user)


def member_page(
    request: PageRequest, user: UUID, *, form: forms.Form | None = None, refusal: DomainError | None = None
) -> HttpResponse:
    """The page, with a form or a refusal to show when something was tried."""
    person = _person(request, user)
    choices = _choices(request)
    _worded(person, {UUID(one): name for one, name in choices["branches"]})
    held = {"roles": [one["role"] for one in person.roles], "branches": [one["branch"] for one in person.roles]}
    if "owner" in held["roles"] and "owner" not in request.actor.roles:
        choices["roles"] = [("owner", rights.NAMES["owner"]), *choices["roles"]]
    told = {
        "person": person,
        "form": form or RolesForm(initial=held, **choices),
        "is_self": person.id == request.actor.user_id,
        "trail": [(deed_words(one), one) for one in Entry.objects.filter(actor_id=person.id).order_by("-id")[:TRAIL]],
        "has_factor": accounts.second_factor_of(person.id) is not None,
        "refusal": refusal,
    }
    status = refusal.status if refusal else 422 if form else 200
    return render(request, "people/member.html", told, status=status)


class MemberState(PageView):
    """Shuts someone out, lets them in again, or sends the invitation once more."""

    permission = {"POST": "users.remove"}

    def post(self, request: PageRequest, user: UUID) -> HttpResponse:
        person = _person(request, user)
        name = {"name": person.name}
        try:
            if "back" in request.POST:
                services.user_change(user=person, by=request.actor, state="active")
                said = _("%(name)s may sign in again.") % name
            elif "invite" in request.POST:
                held = [services.RoleHeld(one["role"], one["branch"] and UUID(one["branch"])) for one in person.roles]
                services.staff_invite(email=person.email, name=person.name, roles=held, by=request.actor)
                said = _("%(name)s is invited: a link is on its way.") % name
            else:
                services.user_deactivate(user=person, by=request.actor)
                said = _("%(name)s is signed out everywhere and cannot come back.") % name
        except DomainError as error:
            return member_page(request, user, refusal=error)
        messages.success(request, said)
        return redirect("page_member", user)


class Roles(PageView):
    """What each role may do, in words."""

    permission = {"GET": "roles.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        roles = [(rights.NAMES[role], rights.SAID[role]) for role in rights.NAMES]
        return render(request, "people/roles.html", {"roles": roles, "areas": list(rights.table())})
