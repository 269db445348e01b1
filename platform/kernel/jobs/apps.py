import logging
from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig, apps


class JobsConfig(AppConfig):
    name = "kernel.jobs"
    label = "jobs"

    def ready(self) -> None:
        for app in apps.get_app_configs():
            if find_spec(f"{app.name}.handlers"):
                try:
                    import_module(f"{app.name}.handlers")
                except ImportError:
                    logging.getLogger(__name__).exception("jobs.handlers_unreadable")
