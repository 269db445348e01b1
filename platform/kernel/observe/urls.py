"""Addresses every host answers, for supervisors and monitors."""

from django.urls import path

from kernel.observe import views

urlpatterns = [
    path("healthz", views.healthz, name="observe_healthz"),
    path("readyz", views.readyz, name="observe_readyz"),
    path("metrics", views.metrics_text, name="observe_metrics"),
]
