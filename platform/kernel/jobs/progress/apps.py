from django.apps import AppConfig


class ProgressConfig(AppConfig):
    name = "kernel.jobs.progress"
    label = "progress"
