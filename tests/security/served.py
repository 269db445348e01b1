"""The live process as it is served, with a view that fails telling all it was sent, and a second log without scrubbing."""

import logging
import os
from importlib import import_module

from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from structlog.stdlib import ProcessorFormatter

from config.asgi import application
from kernel.observe import scrub

__all__ = ["application"]


@csrf_exempt
def failing(request: HttpRequest) -> HttpResponse:
    raise ValueError(f"{request.get_full_path()} {request.headers} {request.body!r}")


import_module(django_settings.TENANT_URLCONF).urlpatterns.insert(
    0, path("api/v1/failing", failing, name="tests_failing")
)

_scrubbed = logging.getLogger().handlers[0].formatter
assert isinstance(_scrubbed, ProcessorFormatter)
_plain = logging.FileHandler(os.environ["UNSCRUBBED_LOG"])
_plain.setFormatter(
    ProcessorFormatter(
        foreign_pre_chain=_scrubbed.foreign_pre_chain,
        processors=[one for one in _scrubbed.processors if one is not scrub.scrub],
    )
)
logging.getLogger().addHandler(_plain)
