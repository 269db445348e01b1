"""The entry point for everything but sockets and callbacks."""

import os

import config  # noqa: F401  (puts the source root on the path)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
