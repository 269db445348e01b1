"""Forms on pages: how they are answered, and how a refusal is shown in the one that earned it."""

from collections.abc import Mapping
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel.errors import DomainError


def words_of(error: DomainError) -> str:
    """A refusal in the reader's language, with what to do about it."""
    if wait := error.data.get("retry_after"):
        return f"{_(error.title)}. " + _("Try again in %(wait)s.") % {"wait": paced(wait)}
    if (left := error.data.get("tries_left")) is not None:
        return f"{_(error.title)}. " + _("Tries left: %(left)s") % {"left": left}
    if (limit := error.data.get("limit")) is not None:
        return f"{_(error.title)}. " + _limit(limit, error.data.get("used", limit), error.data.get("plan", ""))
    return f"{_(error.title)}. {_(error.action)}"


def refuse(form: Form, error: DomainError) -> None:
    """Show a refusal at the field it names, else above the form."""
    form.add_error(error.field if error.field in form.fields else None, words_of(error))


def form_page(request: HttpRequest, template: str, form: Form, told: Mapping[str, Any] | None = None) -> HttpResponse:
    """A page with its form: 422 once something of it was refused, so that it is shown again and nothing counts as done."""
    return render(request, template, {**(told or {}), "form": form}, status=422 if form.errors else 200)


def _limit(limit: int, used: int, plan: str) -> str:
    said = _("You have %(used)s of %(limit)s.") % {"used": used, "limit": limit}
    more = _("The plan “%(plan)s” allows more.") % {"plan": plan.title()} if plan else _("Remove some first.")
    return f"{said} {more}"


def paced(seconds: int) -> str:
    """A wait in words: in seconds up to a minute and a half, then in minutes begun."""
    if seconds < 90:
        return ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
