"""Addresses of libraries on a tenant's host."""

from django.urls import path

from tenant_apps.libraries import api

urlpatterns = [
    path("libraries", api.Libraries.as_view(), name="libraries_libraries"),
    path("libraries/<uuid:library>", api.LibraryDetail.as_view(), name="libraries_library"),
    path("libraries/<uuid:library>/rooms", api.Rooms.as_view(), name="libraries_rooms"),
    path("libraries/<uuid:library>/rooms/<uuid:hall>", api.RoomDetail.as_view(), name="libraries_room"),
    path("libraries/<uuid:library>/seats", api.Seats.as_view(), name="libraries_seats"),
    path("libraries/<uuid:library>/seats/<uuid:seat>", api.SeatDetail.as_view(), name="libraries_seat"),
    path("shifts", api.Shifts.as_view(), name="libraries_shifts"),
    path("shifts/<uuid:shift>", api.ShiftDetail.as_view(), name="libraries_shift"),
]
