"""Addresses of bookings on a tenant's host; occupancy is about libraries and known only here."""

from django.urls import path

from tenant_apps.bookings import api
from tenant_apps.bookings.pages import passes, pick, seats

urlpatterns = [
    path("bookings", api.Bookings.as_view(), name="bookings_bookings"),
    path("bookings/hold", api.BookingHold.as_view(), name="bookings_hold"),
    path("bookings/availability", api.Availability.as_view(), name="bookings_availability"),
    path("bookings/<uuid:booking>", api.BookingDetail.as_view(), name="bookings_booking"),
    path("bookings/<uuid:booking>/confirm", api.BookingConfirm.as_view(), name="bookings_confirm"),
    path("bookings/<uuid:booking>/cancel", api.BookingCancel.as_view(), name="bookings_cancel"),
    path("bookings/<uuid:booking>/reschedule", api.BookingReschedule.as_view(), name="bookings_reschedule"),
    path("attendance/check-in", api.CheckIn.as_view(), name="bookings_check_in"),
    path("attendance/check-out", api.CheckOut.as_view(), name="bookings_check_out"),
    path("attendance/history", api.Visits.as_view(), name="bookings_visits"),
    path("libraries/realtime-occupancy", api.RealtimeOccupancy.as_view(), name="bookings_occupancy"),
]
pages = [
    path("seats", seats.Seats.as_view(), name="page_seats"),
    path("seats/<uuid:seat>/assign", seats.Assign.as_view(), name="page_seat_assign"),
    path("seats/<uuid:seat>/block", seats.Block.as_view(), name="page_seat_block"),
    path("seats/bookings/<uuid:booking>/<slug:deed>", seats.Deed.as_view(), name="page_booking_deed"),
    path("check-in", passes.CheckIn.as_view(), name="page_check_in"),
    path("seat", pick.Pick.as_view(), name="page_seat"),
    path("seat/<uuid:seat>/hold", pick.Hold.as_view(), name="page_seat_hold"),
    path("seat/bookings", pick.Bookings.as_view(), name="page_bookings"),
    path("seat/bookings/<uuid:booking>/cancel", pick.Cancel.as_view(), name="page_booking_cancel"),
    path("pass", passes.Pass.as_view(), name="page_pass"),
]
