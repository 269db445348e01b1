"""The operator's own host."""

from django.urls import include, path

from config.urls import api

urlpatterns = [path("", include("kernel.observe.urls")), *api("platform")]
