from django.urls import path

from tenant_apps.classes import api
from tenant_apps.classes.pages import lists, room, timetable, video

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
pages = [
    path("timetable", timetable.Timetable.as_view(), name="page_timetable"),
    path("timetable/new", timetable.NewSlot.as_view(), name="page_slot_new"),
    path("timetable/<uuid:slot_id>", timetable.SlotPage.as_view(), name="page_slot"),
    path("timetable/<uuid:slot_id>/end", timetable.SlotEnd.as_view(), name="page_slot_end"),
    path("timetable/<uuid:slot_id>/cancel", timetable.SlotCancel.as_view(), name="page_slot_cancel"),
    path("timetable/<uuid:slot_id>/restore", timetable.SlotRestore.as_view(), name="page_slot_restore"),
    path("classes", lists.Classes.as_view(), name="page_classes"),
    path("classes/start", lists.Start.as_view(), name="page_class_start"),
    path("classes/video", video.Video.as_view(), name="page_class_video"),
    path("classes/lobby/<uuid:slot_id>", lists.Lobby.as_view(), name="page_class_lobby"),
    path("classes/card/<uuid:slot_id>/<str:day>", lists.Card.as_view(), name="page_class_card"),
    path("classes/<uuid:class_id>", room.Room.as_view(), name="page_class_room"),
    path("classes/<uuid:class_id>/join", room.Join.as_view(), name="page_class_join"),
    path("classes/<uuid:class_id>/leave", room.Leave.as_view(), name="page_class_leave"),
    path("classes/<uuid:class_id>/end", room.End.as_view(), name="page_class_end"),
    path("classes/<uuid:class_id>/say", room.Say.as_view(), name="page_class_say"),
    path("classes/<uuid:class_id>/hand", room.Hand.as_view(), name="page_class_hand"),
    path("classes/<uuid:class_id>/lead", room.Lead.as_view(), name="page_class_lead"),
    path("classes/<uuid:class_id>/now", room.Now.as_view(), name="page_class_now"),
    path("classes/<uuid:class_id>/meeting", room.Meeting.as_view(), name="page_class_meeting"),
]
