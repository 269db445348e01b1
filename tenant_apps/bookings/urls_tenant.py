"""Addresses of bookings on a tenant's host; occupancy is about libraries and known only here."""

from django.urls import path

from tenant_apps.bookings import api

urlpatterns = [
    path("bookings", api.Bookings.as_view(), name="bookings_bookings"),
    path("bookings/hold", api.BookingHold.as_view(), name="bookings_hold"),
    path("bookings/availability", api.Availability.as_view(), name="bookings_availability"),
    path("bookings/<uuid:booking>", api.BookingDetail.as_view(), name="bookings_booking"),
    path("bookings/<uuid:booking>/confirm", api.BookingConfirm.as_view(), name="bookings_confirm"),
    path("bookings/<uuid:booking>/cancel", api.BookingCancel.as_view(), name="bookings_cancel"),
    path("attendance/check-in", api.CheckIn.as_view(), name="bookings_check_in"),
    path("attendance/check-out", api.CheckOut.as_view(), name="bookings_check_out"),
    path("attendance/history", api.Visits.as_view(), name="bookings_visits"),
    path("libraries/realtime-occupancy", api.RealtimeOccupancy.as_view(), name="bookings_occupancy"),
]
