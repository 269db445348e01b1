"""One bundle of a tenant: what it holds, links that download it, and the two ways back: beside as a tenant of its own, or
in the tenant's place."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.errors import DomainError
from kernel.http.forms import refuse
from kernel.http.pages import PageRequest, PageView
from shared_apps.console import bundles, words
from shared_apps.console.bundles import selectors
from shared_apps.console.bundles.abandoning import is_left
from shared_apps.console.bundles.asking import QUIET_STATES, STOPPED
from shared_apps.console.bundles.handing import parts_of
from shared_apps.console.forms import ConfirmForm, reason_field
from shared_apps.console.models import BundleExport, BundleRestore

_TEXT = {"class": "input", "autocomplete": "off"}
RESTORES = 5
_ENDED = {"done": "done", "failed": "failed"}


class BesideForm(forms.Form):
    """Where a bundle stands as a tenant of its own, and whether nobody's data is to be left in it."""

    prefix = "beside"
    slug = forms.CharField(label=gettext_lazy("Address"), max_length=60, widget=forms.TextInput(_TEXT))
    masked = forms.BooleanField(
        label=gettext_lazy("Mask all personal data"),
        required=False,
        help_text=gettext_lazy("A sandbox: names, phones and mail are made up, and no message leaves it."),
    )
    reason = reason_field()


class PlaceForm(ConfirmForm):
    """Why a tenant goes back to a bundle; its name is typed as the confirmation."""

    prefix = "place"
    opens = "place-go"
    reason = reason_field()
    keep_public = forms.BooleanField(
        label=gettext_lazy("Credits, orders and the plan stay as they are now"),
        required=False,
        help_text=gettext_lazy("Without it the restore stops should they have moved on since."),
    )


class AbandonForm(forms.Form):
    """Why nobody is to carry on with a restore that failed."""

    reason = reason_field(gettext_lazy("All it had loaded is dropped; the tenant stays as it is now."))

    @classmethod
    def of(cls, restore: BundleRestore, data: Any = None) -> "AbandonForm":
        return cls(data, prefix=f"abandon-{restore.id}")


def restores_shown(rows: list[BundleRestore]) -> list[BundleRestore]:
    """Restores with their state as states are named on pages, and the form of one that may be given up for good."""
    for row in rows:
        row.shown = _ENDED.get(row.state, "running")  # type: ignore[attr-defined]
        row.is_stopped = STOPPED in row.report  # type: ignore[attr-defined]
        row.abandon = AbandonForm.of(row) if is_left(row) else None  # type: ignore[attr-defined]
    return rows


def bundle_page(
    request: PageRequest,
    tenant_id: UUID,
    bundle: UUID,
    *,
    beside: BesideForm | None = None,
    place: PlaceForm | None = None,
    links: bundles.BundleLinks | None = None,
    abandon: AbandonForm | None = None,
    refusal: DomainError | None = None,
) -> HttpResponse:
    """The page, with links that were asked for, or a form to show again when something of it was refused."""
    row = selectors.bundle_get(bundle, of=tenant_id)
    restores = restores_shown(list(selectors.restores_of_bundle(bundle)[:RESTORES]))
    told = {
        "bundle": row,
        "tenant": row.tenant,
        "state": words.bundle_state(row.state),
        "parts": _parts(row, links),
        "files": sum(part.get("files", 0) for part in row.parts),
        "missing": sum(len(part.get("missing", ())) for part in row.parts),
        "took": _took(row),
        "links": links,
        "restores": restores,
        # Links that were just given are not asked away again.
        "is_moving": not links
        and (row.state in {"waiting", "running"} or any(one.shown == "running" for one in restores)),  # type: ignore[attr-defined]
        "beside": beside or BesideForm(),
        "place": place or PlaceForm(word=row.tenant.name),
        "tried": beside or place or abandon,
        "refusal": refusal,
        "domain": f".{settings.BARE_DOMAIN}",
        "is_quiet": row.tenant.state in QUIET_STATES,
    }
    status = refusal.status if refusal else 422 if beside or place or abandon else 200
    return render(request, "console/bundle.html", told, status=status)


def _parts(row: BundleExport, links: bundles.BundleLinks | None) -> list[dict[str, Any]]:
    """What is stored so far as it is named on the page, each part with its link where those were asked for."""
    given = {one.name: one for one in links.parts} if links else {}
    counted = {part["name"]: part.get("files", 0) for part in row.parts}
    return [
        {
            "name": name,
            "kind": name.partition("-")[0],
            "bytes": size,
            "files": counted.get(name),
            "link": given.get(name),
        }
        for name, size, _ in parts_of(row)
    ]


def _took(row: BundleExport) -> str:
    if row.finished_at is None or row.started_at is None:
        return ""
    return words.lasted(row.finished_at - row.started_at)


class Bundle(PageView):
    """What a bundle holds."""

    permission = {"GET": "tenants.view"}

    def get(self, request: PageRequest, tenant_id: UUID, bundle: UUID) -> HttpResponse:
        return bundle_page(request, tenant_id, bundle)


class BundleLinks(PageView):
    """Links to a bundle's parts: good for a while, shown once."""

    permission = {"POST": "tenants.change"}

    def post(self, request: PageRequest, tenant_id: UUID, bundle: UUID) -> HttpResponse:
        selectors.bundle_get(bundle, of=tenant_id)
        try:
            links = bundles.bundle_links(bundle=bundle)
        except DomainError as error:
            return bundle_page(request, tenant_id, bundle, refusal=error)
        return bundle_page(request, tenant_id, bundle, links=links)


class BundleBeside(PageView):
    """Let a bundle stand as a tenant of its own."""

    permission = {"POST": "tenants.add"}

    def post(self, request: PageRequest, tenant_id: UUID, bundle: UUID) -> HttpResponse:
        selectors.bundle_get(bundle, of=tenant_id)
        form = BesideForm(request.POST)
        if not form.is_valid():
            return bundle_page(request, tenant_id, bundle, beside=form)
        try:
            restore = bundles.bundle_stand_up(bundle=bundle, **form.cleaned_data)
        except DomainError as error:
            refuse(form, error)
            return bundle_page(request, tenant_id, bundle, beside=form)
        messages.success(request, _("It is being stood up; you may leave this page."))
        return redirect("page_tenant", restore.tenant_id)


class BundlePlace(PageView):
    """Put a bundle in its tenant's place."""

    permission = {"POST": "tenants.offboard"}

    def post(self, request: PageRequest, tenant_id: UUID, bundle: UUID) -> HttpResponse:
        row = selectors.bundle_get(bundle, of=tenant_id)
        form = PlaceForm(request.POST, word=row.tenant.name)
        if not form.is_valid():
            return bundle_page(request, tenant_id, bundle, place=form)
        given = form.cleaned_data
        try:
            bundles.bundle_restore(bundle=bundle, reason=given["reason"], keep_public=given["keep_public"])
        except DomainError as error:
            refuse(form, error)
            return bundle_page(request, tenant_id, bundle, place=form)
        messages.success(request, _("It is being brought back; you may leave this page."))
        return redirect("page_bundle", tenant_id, bundle)


class RestoreAgain(PageView):
    """Carry on with a restore that was given up."""

    permission = {"POST": "tenants.restore"}

    def post(self, request: PageRequest, tenant_id: UUID, restore: UUID) -> HttpResponse:
        row = selectors.restore_get(restore, of=tenant_id)
        try:
            bundles.restore_again(restore=restore)
        except DomainError as error:
            return bundle_page(request, row.bundle.tenant_id, row.bundle_id, refusal=error)
        messages.success(request, _("The restore goes on; you may leave this page."))
        return redirect("page_bundle", row.bundle.tenant_id, row.bundle_id)


class RestoreAbandon(PageView):
    """Give a restore that failed up for good."""

    permission = {"POST": "tenants.restore"}

    def post(self, request: PageRequest, tenant_id: UUID, restore: UUID) -> HttpResponse:
        row = selectors.restore_get(restore, of=tenant_id)
        form = AbandonForm.of(row, request.POST)
        if not form.is_valid():
            return bundle_page(request, row.bundle.tenant_id, row.bundle_id, abandon=form)
        try:
            bundles.restore_abandon(restore=restore, **form.cleaned_data)
        except DomainError as error:
            return bundle_page(request, row.bundle.tenant_id, row.bundle_id, refusal=error)
        messages.success(request, _("It is given up; what it had loaded is being dropped."))
        return redirect("page_bundle", row.bundle.tenant_id, row.bundle_id)
