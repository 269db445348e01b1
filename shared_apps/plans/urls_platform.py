"""Addresses of plans on the operator's host."""

from django.urls import path

from shared_apps.plans import api_platform as api

urlpatterns = [
    path("plans", api.PlansView.as_view(), name="plans_list"),
    path("plans/<slug:code>", api.PlanView.as_view(), name="plans_plan"),
    path("subscriptions/<uuid:tenant>", api.SubscriptionView.as_view(), name="plans_subscription"),
]
