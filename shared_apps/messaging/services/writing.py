"""Filling a template in: the text that leaves, the text that is shown, and what of it is secret."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from connectors.sms.dlt import DltError, Tag, Text, Variable, read
from kernel.tenancy import current

from .. import standard
from ..errors import TemplateInvalid
from ..models import Channel, Template

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Written:
    """A finished message. `shown` has stars for secrets; `values` and `secrets` are what the vendor fills in."""

    subject: str
    text: str
    shown: str
    values: dict[str, str]
    secrets: dict[str, str]


def template_find(name: str, channel: str, language: str) -> Template | None:
    """The approved template in this language, else in English; the standard texts where the business has no row."""
    wanted = dict.fromkeys((language, "en"))
    rows = {row.language: row for row in Template.objects.filter(name=name, channel=channel, language__in=[*wanted])}
    candidates = (
        [rows.get(one) for one in wanted] if rows else [standard.template(name, channel, one) for one in wanted]
    )
    return next((one for one in candidates if one is not None and one.state == Template.State.APPROVED), None)


def write(template: Template, values: Mapping[str, str]) -> Written:
    """Fill a template in. The business's own name is `academy` unless told otherwise; values it has no place for are
    left out. Raises TemplateInvalid (reason, variable).
    """
    known = {"academy": current().name, **{name: str(value) for name, value in values.items()}}
    if template.channel == Channel.EMAIL:
        return _email(template, known)
    try:
        text = text_of(template)
        fitted = text.fit({one.name: known[one.name] for one in text.variables if one.name in known})
        finished = text.render(fitted)
    except DltError as error:
        raise TemplateInvalid(error.detail, reason=error.reason, variable=error.variable) from error
    hidden = {one["name"] for one in template.variables if one.get("secret")}
    shown = text.join({name: _stars(value) if name in hidden else value for name, value in fitted.items()})
    return _written("", finished, shown, fitted, hidden)


def text_of(template: Template) -> Text:
    """A template's registered text. Links may lead to the business's permanent host only. Raises DltError."""
    variables = tuple(Variable(one["name"], Tag(one["tag"]), int(one.get("cut", 0))) for one in template.variables)
    return _read(template.text, variables, f"{current().public_id}.{settings.BARE_DOMAIN}")


@lru_cache(maxsize=512)
def _read(text: str, variables: tuple[Variable, ...], host: str) -> Text:
    return read(text, variables, allowed=(host,))


def _email(template: Template, known: dict[str, str]) -> Written:
    needed = {*_PLACE.findall(template.subject), *_PLACE.findall(template.text)}
    if missing := sorted(needed - set(known)):
        raise TemplateInvalid("A value is missing.", reason="missing", variable=missing[0])
    values = {name: known[name] for name in needed}
    hidden = standard.SECRETS & needed
    # A line break in a subject would be another header.
    subject = " ".join(_filled(template.subject, values).split())
    shown = _filled(template.text, {name: _stars(value) if name in hidden else value for name, value in values.items()})
    return _written(subject, _filled(template.text, values), shown, values, hidden)


def _written(subject: str, text: str, shown: str, values: dict[str, str], hidden: set[str] | frozenset[str]) -> Written:
    return Written(
        subject,
        text,
        shown,
        values={name: value for name, value in values.items() if name not in hidden},
        secrets={name: value for name, value in values.items() if name in hidden},
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1]], text)


def _stars(value: str) -> str:
    return "*" * len(value)
