"""Writes of organisation: the profile, the look, and steps of the set-up put aside."""

from __future__ import annotations

from typing import Any, BinaryIO
from uuid import UUID

from django.db import transaction
from stdnum.exceptions import ValidationError
from stdnum.in_ import gstin as stdnum

from kernel import audit, clock
from kernel.phone import phone as e164
from kernel.tenancy import current, platform_scope
from shared_apps.files import services as files
from shared_apps.organisation import colours, setup
from shared_apps.organisation.errors import ColourInvalid, GstinInvalid, LogoInvalid, StepUnknown
from shared_apps.organisation.models import Profile
from shared_apps.tenants import services as tenants

LOGO_BYTES = 512 * 1024
# By their first bytes; what a browser says of a file is only its name's ending.
_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}


def gstin_checked(text: str) -> str:
    """A GSTIN in the form it is kept: 15 characters whose state exists and whose check digit fits; "" stays "".

    The rules are GSTN's, as python-stdnum has them. Raises GstinInvalid.
    """
    if not text.strip():
        return ""
    try:
        return str(stdnum.validate(text.upper()))
    except ValidationError as error:
        raise GstinInvalid(field="gstin") from error


def profile_save(
    *, legal_name: str = "", gstin: str = "", address: str = "", phone: str = "", email: str = ""
) -> Profile:
    """Write down who the business is in law. Raises GstinInvalid, PhoneInvalid; nothing is written then."""
    values = {
        "legal_name": " ".join(legal_name.split()),
        "gstin": gstin_checked(gstin),
        "address": address.strip(),
        "phone": e164(phone, field="phone") if phone.strip() else "",
        "email": email.strip().lower(),
    }
    with transaction.atomic():
        row = _locked()
        moved = {name: [getattr(row, name), new] for name, new in values.items() if getattr(row, name) != new}
        if moved:
            for name, new in values.items():
                setattr(row, name, new)
            row.updated_at = clock.now()
            row.save()
            _noted("organisation.profile_save", moved)
    return row


def presentation_save(*, name: str, zone: str, language: str) -> None:
    """Change what the business is called, its time zone and its language. Not inside a transaction. Raises ZoneUnknown."""
    _present("organisation.presentation_save", name=" ".join(name.split()), zone=zone, language=language)


def brand_save(*, colour: str) -> None:
    """Give the business its colour, `#` or not before the digits; "" takes it away. Raises ColourInvalid."""
    plain = colour.strip().lower().removeprefix("#")
    if plain and not colours.is_colour(plain):
        raise ColourInvalid(field="colour")
    _present("organisation.brand_save", brand=plain)


def picture_kind(beginning: bytes) -> str:
    """The kind of a picture by its first twelve bytes, "" for anything else."""
    kind = next((kind for first, kind in _PICTURES.items() if beginning.startswith(first)), "")
    return "" if kind == "image/webp" and beginning[8:12] != b"WEBP" else kind


def logo_save(*, name: str, body: BinaryIO, size: int, owner: UUID | None = None) -> None:
    """Keep a picture as the logo; the one before is removed. Raises LogoInvalid, files' StorageAway."""
    kind = picture_kind(body.read(16))
    body.seek(0)
    if not kind or not 0 < size <= LOGO_BYTES:
        raise LogoInvalid(field="logo")
    file = files.put(name=name, body=body, content_type=kind, permission="organisation.view", owner=owner)
    _logo_set(file.id)


def logo_remove() -> None:
    """Go back to the first letter of the name. Raises files' StorageAway."""
    _logo_set(None)


def setup_skip(*, step: str, is_skipped: bool) -> None:
    """Put a step of the set-up aside, or take it up again. Raises StepUnknown."""
    if step not in setup.keys():
        raise StepUnknown
    with transaction.atomic():
        row = _locked()
        skipped = {*row.setup_skipped} - {step} | ({step} if is_skipped else set())
        row.setup_skipped = sorted(skipped)
        row.save(update_fields=["setup_skipped"])


def _logo_set(file: UUID | None) -> None:
    old = current().logo
    _present("organisation.logo_save", logo=file)
    if old:
        files.file_remove(file_id=UUID(old))


def _present(action: str, **changes: Any) -> None:
    business = current()
    with platform_scope(on_behalf_of=business, purpose="tenants.present"):
        moved = tenants.tenant_present(schema=business.schema, **changes)
    if moved:
        _noted(action, moved)


def _noted(action: str, moved: dict[str, list[Any]]) -> None:
    audit.record(action=action, subject_type="organisation", subject_id=current().public_id, changes=moved)


def _locked() -> Profile:
    Profile.objects.get_or_create(key=Profile.ONLY)
    return Profile.objects.select_for_update().get(key=Profile.ONLY)
