"""How work can fail for good, and the mistakes of those who ask for it."""

from kernel.errors import DomainError


class Dead(Exception):
    """Raised by a handler: this job can never succeed. It is kept as a dead letter and not tried again."""


class HandlerUnknown(LookupError):
    """A job names a handler that no app has registered."""


class LeaseLost(Exception):
    """Another worker has taken the job over; what this one did is rolled back."""


class JobsDied(AssertionError):
    """`drain` ran jobs that ended as dead letters."""


class CadenceUnknown(DomainError):
    """No scheduled job of this business has the name."""

    code = "jobs.schedule_unknown"
    status = 404
    title = "There is no such scheduled job here"
    action = "Take a name from the list of scheduled jobs."


class JobUnknown(DomainError):
    """No long work of this business has the id."""

    code = "jobs.unknown"
    status = 404
    title = "There is no such job"
    action = "Check the id; it may belong to someone else."


class CancelTooLate(DomainError):
    """The work has ended, or nobody said how it is stopped."""

    code = "jobs.cancel_too_late"
    status = 409
    title = "This can no longer be stopped"
    action = "Wait for its end."


class NotDead(DomainError):
    """The job waits, runs or is done: only one that failed for good is tried again by hand."""

    code = "jobs.not_dead"
    status = 409
    title = "This job has not failed for good"
    action = "Look at the list again; it may have been tried by someone else."
