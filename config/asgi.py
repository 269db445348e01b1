"""The entry point for sockets and callbacks; whatever else arrives here is served by Django as well."""

import os

import config  # noqa: F401  (puts the source root on the path)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path, re_path


def _application() -> Any:
    served: Any = get_asgi_application()  # first: what follows needs the apps
    from kernel.inbox.asgi import CallbackApp
    from kernel.realtime.asgi import HostMiddleware
    from kernel.realtime.socket import LiveSocket
    from kernel.tenancy.probe import refuse_leaky_start

    refuse_leaky_start()

    callbacks: Any = CallbackApp()
    http = URLRouter([re_path(r"^api/v1/(?:payments|messages|video)/webhook/", callbacks), re_path("", served)])
    sockets = URLRouter([path("ws/live/", LiveSocket.as_asgi())])
    return HostMiddleware(ProtocolTypeRouter({"http": http, "websocket": sockets}))


application = _application()
