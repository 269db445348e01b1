#!/usr/bin/env python
"""Django's command line."""

import os
import sys

import config  # noqa: F401  (puts the source root on the path)

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.development")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
