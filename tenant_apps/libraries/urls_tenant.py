"""Addresses of libraries on a tenant's host."""

from django.urls import path

from tenant_apps.libraries import api
from tenant_apps.libraries import pages as views

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
pages = [
    path("libraries", views.Libraries.as_view(), name="page_libraries"),
    path("libraries/new", views.LibraryNew.as_view(), name="page_library_new"),
    path("libraries/<uuid:library>", views.Library.as_view(), name="page_library"),
    path("libraries/<uuid:library>/change", views.LibraryChange.as_view(), name="page_library_change"),
    path("libraries/<uuid:library>/halls/new", views.HallNew.as_view(), name="page_hall_new"),
    path("libraries/<uuid:library>/shifts/new", views.ShiftNew.as_view(), name="page_shift_new"),
    path("libraries/halls/<uuid:hall>", views.Hall.as_view(), name="page_hall"),
    path("libraries/halls/<uuid:hall>/rows", views.HallRows.as_view(), name="page_hall_rows"),
    path("libraries/halls/<uuid:hall>/delete", views.HallDelete.as_view(), name="page_hall_delete"),
    path("libraries/halls/<uuid:hall>/seats/<uuid:seat>", views.SeatChange.as_view(), name="page_hall_seat"),
    path("libraries/shifts/<uuid:shift>", views.Shift.as_view(), name="page_shift"),
]
