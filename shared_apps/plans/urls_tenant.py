"""Addresses of a tenant's plan."""

from django.urls import path

from shared_apps.plans import api_tenant as api

urlpatterns = [
    path("account/plan", api.PlanView.as_view(), name="plans_mine"),
    path("account/usage", api.UsageView.as_view(), name="plans_usage"),
]
