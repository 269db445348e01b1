from django.urls import path

from tenant_apps.classes import api

urlpatterns = [
    path("timetable", api.TimetableView.as_view(), name="timetable_list"),
    path("timetable/<uuid:slot_id>", api.SlotView.as_view(), name="timetable_read"),
    path("classes", api.ClassesView.as_view(), name="classes_list"),
    path("classes/start", api.StartView.as_view(), name="classes_start"),
    path("classes/available", api.AvailableView.as_view(), name="classes_available"),
    path("classes/<uuid:class_id>", api.ClassView.as_view(), name="classes_read"),
    path("classes/<uuid:class_id>/join", api.JoinView.as_view(), name="classes_join"),
    path("classes/<uuid:class_id>/leave", api.LeaveView.as_view(), name="classes_leave"),
    path("classes/<uuid:class_id>/end", api.EndView.as_view(), name="classes_end"),
    path("classes/<uuid:class_id>/participants", api.ParticipantsView.as_view(), name="classes_participants"),
    path("classes/<uuid:class_id>/chat", api.ChatView.as_view(), name="classes_chat"),
]
