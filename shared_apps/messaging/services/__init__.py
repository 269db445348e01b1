"""Writes of messaging: asking for messages, sending them, settling what became of them, notices in the app."""

from .again import message_again, message_may_go_again
from .notices import notification_read, notification_send, notifications_read
from .queue import (
    Preview,
    Wanted,
    message_cancel,
    message_preview,
    message_previews,
    message_queue,
    messages_queue,
    templates_seed,
)
from .sending import messages_send
from .settling import Told, report_apply, told, unknown_settle
from .stopping import SENDING, messages_forget, messages_stop
from .templates import template_change

__all__ = [
    "SENDING",
    "Preview",
    "Told",
    "Wanted",
    "message_again",
    "message_cancel",
    "message_may_go_again",
    "message_preview",
    "message_previews",
    "message_queue",
    "messages_forget",
    "messages_queue",
    "messages_send",
    "messages_stop",
    "notification_read",
    "notification_send",
    "notifications_read",
    "report_apply",
    "template_change",
    "templates_seed",
    "told",
    "unknown_settle",
]
