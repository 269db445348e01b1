"""People who hold a role here: admins on the public host, staff on a tenant's."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.audit.api import EntryOutput
from kernel.audit.models import Entry
from kernel.http import etag
from kernel.http.actor import actor_of
from kernel.http.errors import Changed, NotFound
from kernel.http.lookup import found
from kernel.http.schema import api
from kernel.http.views import ApiView, row, rows
from kernel.tenancy import current

from .. import errors, roles, selectors, services
from ..models import User
from . import shapes

_TAKEN = [errors.EmailTaken, errors.PhoneTaken, errors.RoleUnknown, errors.RolesUneven, errors.RoleAboveYours]


def _shown(request: Request, user_id: UUID) -> dict[str, Any]:
    return row(selectors.users_visible(actor_of(request)).filter(id=user_id), shapes.UserOutput)


def _visible(request: Request, user_id: UUID) -> User:
    return found(selectors.users_visible(actor_of(request)), id=user_id)


def _promotable(request: Request, user_id: UUID) -> User | None:
    return selectors.users_promotable(actor_of(request)).filter(id=user_id).first()


class Users(ApiView):
    hosts = "both"
    permission = {"GET": "users.view", "POST": "users.add"}

    @api(
        "Who works here",
        responses=shapes.UserOutput(many=True),
        search=("name", "email", "phone"),
        filters={"state": "state", "role": selectors.users_holding},
    )
    def get(self, request: Request) -> Any:
        return rows(selectors.users_visible, shapes.UserOutput, request, ordering=("name", "id"))

    @api(
        "Add someone who can sign in at once",
        request=shapes.UserInput,
        responses={201: shapes.UserOutput},
        errors=_TAKEN,
    )
    def post(self, request: Request) -> Any:
        given = shapes.UserInput.parse(request)
        user = services.user_create(**given | {"roles": shapes.held(given["roles"])}, by=actor_of(request))
        return etag.answer(request, _shown(request, user.id), status=201)


class Invite(ApiView):
    hosts = "both"
    permission = {"POST": "users.add"}

    @api(
        "Invite someone by e-mail; inviting again sends a new link",
        request=shapes.InviteInput,
        responses={201: shapes.UserOutput},
        errors=_TAKEN,
    )
    def post(self, request: Request) -> Any:
        given = shapes.InviteInput.parse(request)
        user = services.staff_invite(**given | {"roles": shapes.held(given["roles"])}, by=actor_of(request))
        return etag.answer(request, _shown(request, user.id), status=201)


class OneUser(ApiView):
    hosts = "both"
    permission = {"GET": "users.view", "PATCH": "users.change", "DELETE": "users.remove"}

    @api("One person", responses=shapes.UserOutput, errors=[NotFound])
    def get(self, request: Request, user_id: UUID) -> Any:
        return etag.answer(request, _shown(request, user_id))

    @api(
        "Change someone: their roles count from their next request on",
        request=shapes.UserChangeInput,
        responses=shapes.UserOutput,
        errors=[NotFound, Changed, *_TAKEN, errors.LastOwner, errors.NotYourself],
    )
    def patch(self, request: Request, user_id: UUID) -> Any:
        given = shapes.UserChangeInput.parse(request)
        user = _promotable(request, user_id) if set(given) == {"roles"} else None
        if "roles" in given:
            given["roles"] = shapes.held(given["roles"])
        one = selectors.users_shown().filter(id=user_id)
        services.user_change(
            user=user or _visible(request, user_id),
            by=actor_of(request),
            unless=lambda: etag.check(request, row(one, shapes.UserOutput)),
            **given,
        )
        return etag.answer(request, row(one, shapes.UserOutput))

    @api(
        "Shut someone out; what they did stays",
        responses={204: None},
        errors=[NotFound, errors.LastOwner, errors.NotYourself, errors.RoleAboveYours],
    )
    def delete(self, request: Request, user_id: UUID) -> Response:
        services.user_deactivate(user=_visible(request, user_id), by=actor_of(request))
        return Response(status=204)


class Activity(ApiView):
    hosts = "both"
    permission = {"GET": "users.view"}

    @api("What someone did here, newest first", responses=EntryOutput(many=True), errors=[NotFound], dated="at")
    def get(self, request: Request, user_id: UUID) -> Any:
        user = _visible(request, user_id)
        return rows(Entry.objects.filter(actor_id=user.id), EntryOutput, request)


class Roles(ApiView):
    hosts = "both"
    permission = {"GET": "roles.view"}

    @api("The roles that can be given here, and what each may do", responses=shapes.RolesOutput)
    def get(self, request: Request) -> Response:
        names = roles.roles_of(platform=current().is_platform)
        shown = [{"name": name, "permissions": sorted(roles.permissions_of((name,)))} for name in names]
        return Response({"results": shown, "next": None})
