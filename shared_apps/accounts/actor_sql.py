"""The query every signed-in request begins with: the sign-in while it lives, with the roles held and the profiles."""

from functools import cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from rest_framework import serializers

from kernel.http.compiled import IDS, MOMENT, Compiled, compiled
from kernel.http.serializers import Output

from .models import RoleAssignment, SignIn, User
from .profiles import ids_query

SIGN_IN, REFRESH = IDS[:2]
NOW = MOMENT


class _SignedIn(Output):
    id = serializers.UUIDField()
    user = serializers.UUIDField(source="user_id")
    kind = serializers.CharField()
    student = serializers.UUIDField()
    ends_at = serializers.DateTimeField()
    held = serializers.JSONField()


class _SignedInForProfiles(_SignedIn):
    profiles = serializers.JSONField()


def signed_in(values: dict[Any, Any], *, platform: bool, refreshed: bool) -> str | None:
    """What `values` of SIGN_IN, NOW and REFRESH find, as the text of a JSON object, or None.

    {"id", "user", "kind", "student", "ends_at", "held": [{"role", "branch"}]}, ids as text, and where the tenant has
    profiles also "profiles", the ids of those this person may act for.
    """
    found = _compiled(platform=platform, refreshed=refreshed).rows(values)
    return found[0][0] if found else None


@cache
def _compiled(*, platform: bool, refreshed: bool) -> Compiled:
    live = SignIn.objects.filter(id=SIGN_IN, ended_at=None, expires_at__gt=NOW, user__state=User.State.ACTIVE)
    if refreshed:
        live = live.filter(refresh=REFRESH)
    held = RoleAssignment.objects.filter(user=OuterRef("user_id")).order_by("role", "branch")
    found: QuerySet[SignIn] = live.annotate(
        held=ArraySubquery(held.values(json=JSONObject(role="role", branch="branch")))
    )
    ids = None if platform else ids_query(OuterRef("user_id"))
    if ids is not None:
        found = found.annotate(profiles=ArraySubquery(ids))
    known = compiled(found[:1], _SignedIn if ids is None else _SignedInForProfiles)
    if known is None:
        raise TypeError("a sign-in is asked for with more than marks and constants")
    return known
