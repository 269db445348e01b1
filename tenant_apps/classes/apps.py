from django.apps import AppConfig


class ClassesConfig(AppConfig):
    name = "tenant_apps.classes"
    label = "classes"
