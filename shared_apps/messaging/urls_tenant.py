"""Messages and notices, on both kinds of host. Delivery reports come in by the kernel's inbox."""

from django.urls import path

from . import api, pages_office
from . import pages as views

urlpatterns = [
    path("messages/log", api.Log.as_view(), name="messaging_log"),
    path("messages/templates", api.Templates.as_view(), name="messaging_templates"),
    path("messages/templates/<uuid:template_id>", api.OneTemplate.as_view(), name="messaging_template"),
    path("messages/stats", api.Stats.as_view(), name="messaging_stats"),
    path("messages/test", api.Test.as_view(), name="messaging_test"),
    path("notifications", api.Notifications.as_view(), name="messaging_notifications"),
    path("notifications/read-all", api.NotificationsRead.as_view(), name="messaging_notifications_read"),
    path(
        "notifications/<uuid:notification_id>/read", api.NotificationRead.as_view(), name="messaging_notification_read"
    ),
]
notices = [
    path("notices", views.Notices.as_view(), name="page_notices"),
    path("notices/bell", views.Bell.as_view(), name="page_bell"),
    path("notices/<uuid:notice>", views.Notice.as_view(), name="page_notice"),
]
pages = [
    *notices,
    path("messages", pages_office.Log.as_view(), name="page_messages"),
    path("messages/statistics", pages_office.Statistics.as_view(), name="page_message_statistics"),
    path("messages/templates", pages_office.Templates.as_view(), name="page_templates"),
    path("messages/templates/<uuid:template>", pages_office.OneTemplate.as_view(), name="page_template"),
    path("messages/<uuid:message>", pages_office.OneMessage.as_view(), name="page_message"),
    path("messages/<uuid:message>/again", pages_office.Again.as_view(), name="page_message_again"),
]
