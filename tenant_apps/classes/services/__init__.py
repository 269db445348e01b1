"""Writes of classes: the timetable, classes from start to end, what is said and done in them, who provides the video."""

from tenant_apps.classes.models import LiveClass
from tenant_apps.classes.services.chat import TEXT_MAX, chat_say, chat_switch, message_shown, typing_tell
from tenant_apps.classes.services.holding import (
    EARLY,
    STARTED,
    class_cancel,
    class_end,
    class_expire,
    class_restore,
    class_start,
)
from tenant_apps.classes.services.presence import (
    class_enter,
    class_entry,
    class_join,
    class_leave,
    class_readmit,
    class_remove,
    hand_answer,
    hand_raise,
    hands_lower,
    stay_seen,
    stays_lapse,
)
from tenant_apps.classes.services.timetable import slot_change, slot_create, slot_end
from tenant_apps.classes.services.told import slot_topic, topic
from tenant_apps.classes.services.video import video_set, video_unset

__all__ = [
    "EARLY",
    "STARTED",
    "TEXT_MAX",
    "LiveClass",
    "chat_say",
    "chat_switch",
    "class_cancel",
    "class_end",
    "class_enter",
    "class_entry",
    "class_expire",
    "class_join",
    "class_leave",
    "class_readmit",
    "class_remove",
    "class_restore",
    "class_start",
    "hand_answer",
    "hand_raise",
    "hands_lower",
    "message_shown",
    "slot_change",
    "slot_create",
    "slot_end",
    "slot_topic",
    "stay_seen",
    "stays_lapse",
    "topic",
    "typing_tell",
    "video_set",
    "video_unset",
]
