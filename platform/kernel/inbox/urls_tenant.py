"""The callback door and its log, alike on both kinds of host."""

from django.urls import path, re_path

from kernel.inbox import api, views

urlpatterns = [
    re_path(r"^(?P<path>(?:payments|messages|video)/webhook/[a-z0-9_-]+)$", views.callback, name="inbox_receive"),
    path("webhook-logs", api.CallbacksView.as_view(), name="inbox_list"),
    path("webhook-logs/<uuid:id>", api.CallbackView.as_view(), name="inbox_show"),
    path("webhook-logs/<uuid:id>/replay", api.ReplayView.as_view(), name="inbox_replay"),
]
