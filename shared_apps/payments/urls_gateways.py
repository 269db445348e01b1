"""Addresses of a tenant's settings of its gateways."""

from django.urls import path

from shared_apps.payments import pages_gateways as views

pages = [
    path("settings/gateways", views.Gateways.as_view(), name="page_gateways"),
    path("settings/gateways/new", views.GatewayNew.as_view(), name="page_gateway_new"),
    path("settings/gateways/<uuid:account>", views.Gateway.as_view(), name="page_gateway"),
    path("settings/gateways/<uuid:account>/test", views.GatewayTest.as_view(), name="page_gateway_test"),
    path("settings/gateways/<uuid:account>/state", views.GatewayState.as_view(), name="page_gateway_state"),
]
