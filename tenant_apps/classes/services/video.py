"""Who provides the video: the business's own account if it has one in use, else the operator's Jitsi."""

from django.conf import settings
from django.db import transaction

from connectors.video.agora import Agora
from connectors.video.jitsi import Jitsi
from connectors.video.port import CredentialsInvalid, VideoProvider
from kernel import audit, clock
from kernel.sealing import seal, unseal
from tenant_apps.classes import errors
from tenant_apps.classes.models import VideoAccount

_SECRET = "classes.video_secret"  # noqa: S105 the context a secret is sealed in, not one


def provider_used() -> str:
    """The name of the provider that classes started now are held at."""
    used = VideoAccount.objects.filter(is_used=True).values_list("provider", flat=True).first()
    return used or VideoAccount.Provider.JITSI.value


def provider_of(name: str) -> VideoProvider:
    """The provider a class was started with, with the business's own account there. Raises VideoUnset.

    At Jitsi that is the account in use, else the operator's: a class under way there moves with the setting.
    """
    account = VideoAccount.objects.filter(provider=name).first()
    if name == VideoAccount.Provider.JITSI and account is not None and not account.is_used:
        account = None
    try:
        if account is not None:
            return _provider(name, account.domain, account.app_id, unseal(account.secret, context=_SECRET))
        if name == VideoAccount.Provider.JITSI:
            return _provider(name, settings.JITSI_DOMAIN, settings.JITSI_APP_ID, settings.JITSI_SECRET)
    except CredentialsInvalid as error:
        raise errors.VideoUnset from error
    raise errors.VideoUnset


def video_set(*, provider: str, app_id: str, secret: str, domain: str = "") -> VideoAccount:
    """Hold classes started from now on at this account; the secret is sealed and never shown again.

    Raises VideoInvalid with the `field` that is wrong.
    """
    if provider == VideoAccount.Provider.JITSI and not (domain and app_id):
        raise errors.VideoInvalid(field="app_id" if domain else "domain")
    try:
        _provider(provider, domain, app_id, secret)
    except CredentialsInvalid as error:
        raise errors.VideoInvalid(str(error), field=error.field) from error
    with transaction.atomic():
        list(VideoAccount.objects.select_for_update(of=("self",)))
        VideoAccount.objects.filter(is_used=True).update(is_used=False)
        account, _ = VideoAccount.objects.update_or_create(
            provider=provider,
            defaults={
                "app_id": app_id,
                "secret": seal(secret, context=_SECRET),
                "domain": domain,
                "is_used": True,
                "changed_at": clock.now(),
            },
        )
        audit.record(
            action="classes.video_set",
            subject_type="video_account",
            subject_id=str(account.id),
            changes={"provider": ["", provider], "app_id": ["", app_id], "secret": ["", "new"]},
        )
    return account


def video_unset() -> None:
    """Hold classes started from now on at the operator's Jitsi; those under way at Agora end there."""
    with transaction.atomic():
        for account in VideoAccount.objects.select_for_update(of=("self",)).filter(is_used=True):
            VideoAccount.objects.filter(id=account.id).update(is_used=False, changed_at=clock.now())
            audit.record(
                action="classes.video_unset",
                subject_type="video_account",
                subject_id=str(account.id),
                changes={"provider": [account.provider, ""]},
            )


def _provider(name: str, domain: str, app_id: str, secret: str) -> VideoProvider:
    if name == VideoAccount.Provider.AGORA:
        return Agora(app_id=app_id, certificate=secret, page=domain)
    if name == VideoAccount.Provider.JITSI:
        return Jitsi(domain=domain, app_id=app_id, secret=secret)
    raise errors.VideoInvalid(field="provider")
