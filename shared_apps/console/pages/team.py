"""The operator's people: who works here, inviting, their roles, what they did, and shutting someone out."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kernel.audit.models import Entry
from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse
from kernel.http.lookup import found
from kernel.http.pages import PageRequest, PageView
from shared_apps.accounts import selectors as people
from shared_apps.accounts import services as accounts
from shared_apps.console import words
from shared_apps.console.forms import InviteForm, RolesForm
from shared_apps.console.pages.audit import shown
from shared_apps.console.pages.lists import newest

DEEDS = 20


def _held(roles: list[str]) -> list[accounts.RoleHeld]:
    return [accounts.RoleHeld(role) for role in roles]


def _one(request: PageRequest, user_id: UUID) -> Any:
    return found(people.users_seen(people.users_visible(request.actor)), id=user_id)


class Team(PageView):
    """Everyone with a role here."""

    permission = {"GET": "users.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        members = people.users_seen(people.users_visible(request.actor)).order_by("state", "name", "id")
        told = {"members": members, "roles": words.ROLES}
        return render(request, "console/team.html", told)


class Invite(PageView):
    """Have someone mailed a link to choose a password; at their first sign-in they set a second factor up."""

    permission = {"GET": "users.add", "POST": "users.add"}

    def get(self, request: PageRequest) -> HttpResponse:
        return self._shown(request, InviteForm())

    def post(self, request: PageRequest) -> HttpResponse:
        form = InviteForm(request.POST)
        if not form.is_valid():
            return self._shown(request, form)
        given = form.cleaned_data
        try:
            accounts.staff_invite(
                email=given["email"], name=given["name"], roles=_held(given["roles"]), by=request.actor
            )
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, form)
        messages.success(request, _("An invitation is on its way to %(email)s.") % {"email": given["email"]})
        return redirect("page_team")

    @staticmethod
    def _shown(request: PageRequest, form: InviteForm) -> HttpResponse:
        told = {"roles": words.ROLES, "duties": words.DUTIES}
        return form_page(request, "console/invite.html", form, told)


class Member(PageView):
    """One of them: what they may do, and what they did."""

    permission = {"GET": "users.view"}

    def get(self, request: PageRequest, user_id: UUID) -> HttpResponse:
        return member_page(request, _one(request, user_id))


def member_page(
    request: PageRequest, member: Any, *, form: RolesForm | None = None, refusal: DomainError | None = None
) -> HttpResponse:
    held = [each["role"] for each in member.roles]
    page = newest(Entry.objects.filter(actor_id=member.id), request.GET.get("before", ""), size=DEEDS)
    told = {
        "member": member,
        "held": held,
        "form": form or RolesForm(initial={"roles": held}),
        "refusal": refusal,
        "page": page,
        "deeds": shown(page.rows),
        "is_me": member.id == request.actor.user_id,
        "roles": words.ROLES,
        "duties": words.DUTIES,
    }
    status = refusal.status if refusal else 422 if form and form.errors else 200
    return render(request, "console/member.html", told, status=status)


class Roles(PageView):
    """Give and take roles; they count from the person's next request on."""

    permission = {"POST": "users.change"}

    def post(self, request: PageRequest, user_id: UUID) -> HttpResponse:
        member, form = _one(request, user_id), RolesForm(request.POST)
        if not form.is_valid():
            return member_page(request, member, form=form)
        try:
            accounts.user_change(user=member, roles=_held(form.cleaned_data["roles"]), by=request.actor)
        except DomainError as error:
            return member_page(request, member, refusal=error)
        messages.success(request, _("The roles of %(name)s are changed.") % {"name": member.name})
        return redirect("page_member", user_id)


class Again(PageView):
    """Send an invitation once more."""

    permission = {"POST": "users.add"}

    def post(self, request: PageRequest, user_id: UUID) -> HttpResponse:
        member = _one(request, user_id)
        roles = _held([each["role"] for each in member.roles])
        try:
            accounts.staff_invite(email=str(member.email), name=member.name, roles=roles, by=request.actor)
        except DomainError as error:
            return member_page(request, member, refusal=error)
        messages.success(request, _("An invitation is on its way to %(email)s.") % {"email": member.email})
        return redirect("page_member", user_id)


class Remove(PageView):
    """Shut someone out at once; what they did stays."""

    permission = {"POST": "users.remove"}

    def post(self, request: PageRequest, user_id: UUID) -> HttpResponse:
        member = _one(request, user_id)
        try:
            accounts.user_deactivate(user=member, by=request.actor)
        except DomainError as error:
            return member_page(request, member, refusal=error)
        messages.success(request, _("%(name)s is shut out.") % {"name": member.name})
        return redirect("page_team")


class Restore(PageView):
    """Let someone in again who was shut out, with the roles they had."""

    permission = {"POST": "users.change"}

    def post(self, request: PageRequest, user_id: UUID) -> HttpResponse:
        member = _one(request, user_id)
        try:
            accounts.user_change(user=member, state="active", by=request.actor)
        except DomainError as error:
            return member_page(request, member, refusal=error)
        messages.success(request, _("%(name)s may come in again.") % {"name": member.name})
        return redirect("page_member", user_id)
