"""Reads of bundles, in the operator's scope."""

from uuid import UUID

from django.db.models import QuerySet

from kernel.http.lookup import found
from shared_apps.console.models import BundleExport, BundleRestore, Erasure


def bundles_of(tenant: UUID) -> QuerySet[BundleExport]:
    """A tenant's bundles, the newest first."""
    return BundleExport.objects.filter(tenant=tenant).order_by("-id")


def bundle_get(bundle: UUID, *, of: UUID | None = None) -> BundleExport:
    """One bundle; with `of`, only that tenant's. Raises NotFound."""
    bundles = BundleExport.objects.all() if of is None else bundles_of(of)
    return found(bundles.select_related("tenant"), pk=bundle)


def bundle_find(bundle: UUID | str) -> BundleExport | None:
    """One bundle, or None when it is not known here."""
    return BundleExport.objects.select_related("tenant").filter(pk=bundle).first()


def restore_get(restore: UUID, *, of: UUID | None = None) -> BundleRestore:
    """One restore; with `of`, only one into that tenant. Raises NotFound."""
    restores = BundleRestore.objects.all() if of is None else restores_of(of)
    return found(restores.select_related("bundle", "tenant"), pk=restore)


def restores_of_bundle(bundle: UUID) -> QuerySet[BundleRestore]:
    """Where a bundle was brought back to, the newest first."""
    return BundleRestore.objects.select_related("tenant").filter(bundle=bundle).order_by("-id")


def restores_of(tenant: UUID) -> QuerySet[BundleRestore]:
    """What was brought back into a tenant, the newest first."""
    return BundleRestore.objects.filter(tenant=tenant).order_by("-id")


def erasure_of(tenant: UUID) -> Erasure | None:
    """What is left of an erased tenant, or None while it is not."""
    return Erasure.objects.filter(tenant=tenant).first()
