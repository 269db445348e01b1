"""A tenant's host."""

from django.urls import include, path

from config.urls import api

urlpatterns = [path("", include("kernel.observe.urls")), *api("tenant")]
