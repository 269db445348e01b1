"""Every way files says no."""

from kernel.errors import DomainError


class FileMissing(DomainError):
    """There is no such file of this business that the caller may read, or its bytes never came."""

    code = "files.missing"
    status = 404
    title = "There is no such file"
    action = "Check the address. The file may belong to someone else or have been removed."


class FileNotAllowed(DomainError):
    """A type or size that is not taken."""

    code = "files.not_allowed"
    status = 422
    title = "That file cannot be taken"
    action = "Send a picture, PDF, text, CSV or office document of at most 100 MB."


class FileDiffers(DomainError):
    """What was uploaded is not what was announced."""

    code = "files.differs"
    status = 409
    title = "The uploaded file is not the announced one"
    action = "Announce the file again with its real size and type, and upload it to the new address."


class StorageAway(DomainError):
    """The object storage does not answer; nothing was changed."""

    code = "files.storage_away"
    status = 503
    title = "Files cannot be reached at this moment"
    action = "Try again in a moment."
