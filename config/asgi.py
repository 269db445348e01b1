"""The entry point for sockets and callbacks; whatever else arrives here is served by Django as well."""

import os

import config  # noqa: F401  (puts the source root on the path)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path, re_path

from kernel.inbox.asgi import CallbackApp
from kernel.realtime.asgi import HostMiddleware
from kernel.realtime.socket import LiveSocket

application = HostMiddleware(
    ProtocolTypeRouter(
        {
            "http": URLRouter(
                [
                    re_path(r"^api/v1/(?:payments|messages|video)/webhook/", CallbackApp()),
                    re_path("", django_application),
                ]
            ),
            "websocket": URLRouter([path("ws/live/", LiveSocket.as_asgi())]),
        }
    )
)
