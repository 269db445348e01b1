"""Registers the bookings app, which lives in a tenant's schema only, and that a held seat can be paid for."""

from django.apps import AppConfig


class BookingsConfig(AppConfig):
    name = "tenant_apps.bookings"
    label = "bookings"

    def ready(self) -> None:
        from shared_apps.payments import purposes
        from tenant_apps.bookings import on_student, selectors
        from tenant_apps.bookings.events import PURPOSE

        purposes.register(PURPOSE, quote=selectors.booking_quote)
        on_student.register_part()
