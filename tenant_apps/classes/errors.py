"""How classes refuse."""

from kernel.errors import DomainError


class TeacherBusy(DomainError):
    code = "classes.teacher_busy"
    status = 409
    title = "The teacher has another class at that time"
    action = "Choose another hour or another teacher."


class RoomBusy(DomainError):
    code = "classes.room_busy"
    status = 409
    title = "The room is taken at that time"
    action = "Choose another room or another hour."


class CohortBusy(DomainError):
    code = "classes.cohort_busy"
    status = 409
    title = "The students of that grade and board have another class at that time"
    action = "Choose another hour."


class TeacherUnknown(DomainError):
    code = "classes.teacher_unknown"
    status = 422
    title = "That is not an active teacher here"
    action = "Name a member of staff with the role teacher."


class HoursInvalid(DomainError):
    code = "classes.hours_invalid"
    status = 422
    title = "A class starts and ends at different times"
    action = "Correct the hours."


class NotYours(DomainError):
    code = "classes.not_yours"
    status = 403
    title = "Another teacher holds this class"
    action = "Ask the teacher it is assigned to, or a manager."


class OutsideHours(DomainError):
    """`opens_at` and `closes_at` say when it can be started next."""

    code = "classes.outside_hours"
    status = 409
    title = "This class cannot be started now"
    action = "Start it within its hours; it opens 15 minutes before."


class AlreadyLive(DomainError):
    code = "classes.already_live"
    status = 409
    title = "A class is already live"
    action = "Join the class that is live, or end it first."


class AlreadyHeld(DomainError):
    code = "classes.already_held"
    status = 409
    title = "This class was already held"
    action = "Schedule another one."


class NotLive(DomainError):
    code = "classes.not_live"
    status = 409
    title = "The class is not live"
    action = "Come when it has started; look at its hours."


class NotEntitled(DomainError):
    code = "classes.not_entitled"
    status = 403
    title = "This class is for students of another grade or board"
    action = "Choose the right profile, or ask the front desk."


class ProfileNeeded(DomainError):
    code = "classes.profile_needed"
    status = 409
    title = "Choose who joins"
    action = "Pick a profile when signing in."


class ChatClosed(DomainError):
    code = "classes.chat_closed"
    status = 409
    title = "The chat is closed"
    action = "The teacher can open it while the class is live."


class MessageInvalid(DomainError):
    code = "classes.message_invalid"
    status = 422
    title = "That message cannot be sent"
    action = "Send 1 to 2,000 characters with a key of your own."


class ChatTooFast(DomainError):
    code = "classes.chat_too_fast"
    status = 429
    title = "You write faster than the others can read"
    action = "Wait a moment, then go on."


class SlotEnded(DomainError):
    code = "classes.slot_ended"
    status = 409
    title = "This hour is no longer in the timetable"
    action = "Add a new one."


class DayInvalid(DomainError):
    code = "classes.day_invalid"
    status = 422
    title = "The class is not held on that day, or is over"
    action = "Choose a coming day on which it is held."


class ClassCancelled(DomainError):
    code = "classes.cancelled"
    status = 409
    title = "This class was cancelled"
    action = "Whoever plans the timetable can hold it after all."


class NotCancelled(DomainError):
    code = "classes.not_cancelled"
    status = 409
    title = "This class is not cancelled, or its time is over"
    action = "Look at the timetable again."


class TakenOut(DomainError):
    code = "classes.taken_out"
    status = 403
    title = "The teacher took you out of this class"
    action = "Talk to your teacher, who can let you in again."


class VideoUnset(DomainError):
    code = "classes.video_unset"
    status = 409
    title = "The video of this class is not set up"
    action = "Chat and hands work without it. The owner sets up video."


class VideoInvalid(DomainError):
    code = "classes.video_invalid"
    status = 422
    title = "With these credentials nobody would get in"
    action = "Copy them again from the provider's own page."
