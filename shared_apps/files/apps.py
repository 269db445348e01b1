"""The app that owns files: what lies in object storage for one business, and who may read it."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "shared_apps.files"
    label = "files"
