"""One tenant as one bundle: taken, brought back, cloned, moved, erased.

A bundle is a folder in object storage: `data` (the tenant's schema and its rows in `public`, of one moment), `files-<n>`
(its files), `manifest` (what each holds, with hashes and totals); each part sealed for this tenant and this bundle.
"""

from shared_apps.console.bundles.abandoning import restore_abandon
from shared_apps.console.bundles.adopting import bundle_adopt
from shared_apps.console.bundles.asking import bundle_restore, bundle_stand_up, restore_again
from shared_apps.console.bundles.erasing import tenant_erase
from shared_apps.console.bundles.exporting import bundle_export
from shared_apps.console.bundles.handing import BundleLinks, bundle_links
from shared_apps.console.bundles.moving import tenant_move

__all__ = [
    "BundleLinks",
    "bundle_adopt",
    "bundle_export",
    "bundle_links",
    "bundle_restore",
    "bundle_stand_up",
    "restore_abandon",
    "restore_again",
    "tenant_erase",
    "tenant_move",
]
