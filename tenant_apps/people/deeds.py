"""What somebody did, in words: the audit's names of deeds as people read them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

WORDS = {
    "accounts.user_create": _("Added a person"),
    "accounts.user_change": _("Changed a person"),
    "accounts.user_deactivate": _("Shut a person out"),
    "accounts.roles_set": _("Changed someone's roles"),
    "accounts.password_set": _("Chose a password"),
    "organisation.profile_save": _("Changed what stands on papers"),
    "organisation.presentation_save": _("Changed name, language or time zone"),
    "organisation.brand_save": _("Changed the colour"),
    "organisation.logo_save": _("Changed the logo"),
    "payments.account_add": _("Connected a payment gateway"),
    "payments.account_change": _("Changed a payment gateway"),
    "payments.desk_take": _("Took a fee at the counter"),
    "payments.refund": _("Gave money back"),
    "messages.template_change": _("Changed a message's text"),
    "campaigns.create": _("Prepared a campaign"),
    "campaigns.send": _("Sent a campaign"),
    "credits.order": _("Ordered message credits"),
    "people.branch_create": _("Added a branch"),
    "people.branch_change": _("Changed a branch"),
    "people.branch_delete": _("Removed a branch"),
    "people.student_create": _("Admitted a student"),
    "people.student_change": _("Changed a student"),
    "people.student_delete": _("Removed a student"),
    "people.guardian_add": _("Added a guardian"),
    "people.guardian_remove": _("Removed a guardian"),
    "people.import_start": _("Began an import"),
    "people.import_stop": _("Stopped an import"),
    "people.import_undo": _("Took an import back"),
    "libraries.seats_add": _("Added seats"),
    "bookings.confirm": _("Gave a seat"),
    "bookings.move": _("Moved a seat"),
    "bookings.cancel": _("Cancelled a booking"),
    "classes.slot_create": _("Planned a class"),
    "classes.slot_change": _("Changed a class"),
    "classes.slot_end": _("Ended a class's series"),
    "classes.class_cancel": _("Cancelled a class"),
    "fees.due_create": _("Asked for a fee"),
    "fees.due_cancel": _("Cancelled a fee"),
}


def deed_words(entry: Any) -> Any:
    """The deed in words; one that has none yet by its own name."""
    return WORDS.get(entry.action) or entry.action.split(".")[-1].replace("_", " ").capitalize()
