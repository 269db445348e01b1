"""Refusals of the HTTP door itself; an app's own refusals live in its `errors.py`."""

from kernel import errors

NotFound = errors.NotFound
Forbidden = errors.Forbidden
NotForSupport = errors.NotForSupport


class NotSignedIn(errors.DomainError):
    code = "http.not_signed_in"
    status = 401
    title = "Sign in first"
    action = "Sign in and send the request again with the access token."
    headers = {"WWW-Authenticate": 'Bearer realm="api"'}


class Malformed(errors.DomainError):
    code = "http.malformed"
    status = 400
    title = "The request could not be read"
    action = "Send a well-formed body of the announced content type."


class Invalid(errors.DomainError):
    """Some fields have values that cannot be used; `errors` names each."""

    code = "http.invalid"
    status = 400
    title = "Some values cannot be used"
    action = "Correct the named fields and send the request again."


class UnknownField(errors.DomainError):
    code = "http.unknown_field"
    status = 400
    title = "The request names a field that does not exist"
    action = "Remove the named fields or correct their spelling."


class Unacceptable(errors.DomainError):
    """The database cannot hold a value (out of range, a NUL character, no such date)."""

    code = "http.unacceptable_value"
    status = 400
    title = "A value is out of range"
    action = "Correct the value and send the request again."


class UnknownParameter(errors.DomainError):
    code = "http.unknown_parameter"
    status = 400
    title = "The address names a parameter that does not exist"
    action = "Remove the parameter or correct its spelling."


class BadParameter(errors.DomainError):
    code = "http.bad_parameter"
    status = 400
    title = "A parameter has a value that cannot be used"
    action = "Correct the parameter and send the request again."


class BadCursor(errors.DomainError):
    code = "http.bad_cursor"
    status = 400
    title = "The cursor does not belong to this list"
    action = "Start again without a cursor."


class MethodNotAllowed(errors.DomainError):
    code = "http.method_not_allowed"
    status = 405
    title = "This address does not take that method"
    action = "Use one of the methods named in Allow."


class TooLarge(errors.DomainError):
    code = "http.too_large"
    status = 413
    title = "The request is too large"
    action = "Send less at once."


class UnsupportedMediaType(errors.DomainError):
    code = "http.unsupported_media_type"
    status = 415
    title = "That content type is not understood here"
    action = "Send application/json."


class FormStale(errors.DomainError):
    """A form came without the token it was shown with: left open over a sign-in, or sent from elsewhere."""

    code = "http.form_stale"
    status = 403
    title = "This form is no longer good"
    action = "Go back, reload the page and send it again."


class Throttled(errors.DomainError):
    code = "http.throttled"
    status = 429
    title = "Too many requests"
    action = "Wait for the seconds named in Retry-After."


class Conflict(errors.DomainError):
    """A rule kept by the database refused the change."""

    code = "http.conflict"
    status = 409
    title = "That contradicts what is already there"
    action = "Read the current state and decide again."


class Changed(errors.DomainError):
    code = "http.changed_meanwhile"
    status = 412
    title = "Somebody else changed this in the meantime"
    action = "Read it again, apply the change to what is there now, and send it with the new ETag."


class PreconditionRequired(errors.DomainError):
    code = "http.precondition_required"
    status = 428
    title = "Say which version is being changed"
    action = "Send the ETag last read as If-Match."


class TryAgain(errors.DomainError):
    """The work met another's at the same moment, or the database is away; nothing was changed."""

    code = "http.try_again"
    status = 503
    title = "Not possible at this moment"
    action = "Send the request again after the seconds named in Retry-After."
    headers = {"Retry-After": "1"}


class Internal(errors.DomainError):
    code = "http.internal"
    status = 500
    title = "Something went wrong on our side"
    action = "Try again later; if it stays, name the request id to support."
