import logging
from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig, apps


class RealtimeConfig(AppConfig):
    name = "kernel.realtime"
    label = "realtime"

    def ready(self) -> None:
        for app in apps.get_app_configs():
            for name in (f"{app.name}.topics", f"{app.name}.consumers"):
                if find_spec(name):
                    try:
                        import_module(name)
                    except ImportError:
                        logging.getLogger(__name__).exception("realtime.topics_unreadable")
