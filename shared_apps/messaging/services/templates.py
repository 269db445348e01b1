"""Changing the texts a business may change by itself."""

import re
from typing import Any
from uuid import UUID

from django.db import transaction

from kernel import audit

from ..errors import TemplateInvalid, TemplateMissing, TemplateRegistered
from ..models import Channel, Template
from ..standard import template as standard_template

_PLACE = re.compile(r"\{(\w+)\}")


@transaction.atomic
def template_change(*, template_id: UUID, subject: str | None = None, text: str | None = None) -> Template:
    """Give an e-mail template another subject or text, with no other values than it had.

    Raises TemplateMissing, TemplateInvalid, TemplateRegistered (an SMS text is the registry's).
    """
    template = Template.objects.select_for_update().filter(id=template_id).first()
    if template is None:
        raise TemplateMissing
    if template.channel == Channel.SMS:
        raise TemplateRegistered
    known = _places(template) | _places(standard_template(template.name, template.channel, template.language))
    changes: dict[str, Any] = {}
    for name, new in (("subject", subject), ("text", text)):
        old = getattr(template, name)
        if new is not None and new != old:
            setattr(template, name, new)
            changes[name] = [old, new]
    if strange := sorted(_places(template) - known):
        raise TemplateInvalid("The text names a value nobody gives.", reason="unknown", variable=strange[0])
    if changes:
        template.save(update_fields=list(changes))
        audit.record(
            action="messages.template_change", subject_type="template", subject_id=str(template.id), changes=changes
        )
    return template


def _places(template: Template | None) -> set[str]:
    if template is None:
        return set()
    return {"academy", *_PLACE.findall(template.subject), *_PLACE.findall(template.text)}
