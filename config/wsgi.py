"""The entry point for everything but sockets and callbacks."""

import gc
import os

import config  # noqa: F401  (puts the source root on the path)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from typing import Any

from django.core.wsgi import get_wsgi_application


def _application() -> Any:
    served = get_wsgi_application()  # first: what follows needs the apps
    from kernel.tenancy.probe import refuse_leaky_start

    refuse_leaky_start()
    # What stands by now stays for as long as the process: looking through it for garbage again and again finds none. Nor
    # is there much in what a request leaves behind.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    return served


application = _application()
