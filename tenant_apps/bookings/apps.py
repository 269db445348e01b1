"""Registers the bookings app, which lives in a tenant's schema only."""

from django.apps import AppConfig


class BookingsConfig(AppConfig):
    name = "tenant_apps.bookings"
    label = "bookings"
