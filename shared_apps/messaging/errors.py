"""Every way messaging says no."""

from kernel.errors import DomainError


class TemplateMissing(DomainError):
    """There is no such template of this business."""

    code = "messaging.template_missing"
    status = 404
    title = "There is no such template"
    action = "Choose one from the list of templates."


class TemplateTaken(DomainError):
    """A template of that name, channel and language exists."""

    code = "messaging.template_taken"
    status = 409
    title = "There is such a template already"
    action = "Change the one that is there."


class TemplateInvalid(DomainError):
    """A text, or a value in it, that may not be sent: `reason`, `variable`."""

    code = "messaging.template_invalid"
    status = 422
    title = "That text cannot be sent"
    action = "Correct the text or the named value; the registry would refuse it."


class AddressInvalid(DomainError):
    """The address is no phone number or e-mail address a message can go to."""

    code = "messaging.address_invalid"
    status = 422
    title = "A message cannot be sent there"
    action = "Give an Indian mobile number for SMS, an e-mail address for e-mail."


class NotAgain(DomainError):
    """A message that went, may have gone, or carried a code: `state`."""

    code = "messaging.not_again"
    status = 409
    title = "This message cannot be sent again"
    action = "Only what surely failed is sent once more, and never a code."


class NotificationMissing(DomainError):
    """The caller has no such notification."""

    code = "messaging.notification_missing"
    status = 404
    title = "There is no such notification"
    action = "Read the list of notifications again."


class TemplateRegistered(DomainError):
    """An SMS text is the one registered with the DLT registry."""

    code = "messaging.template_registered"
    status = 409
    title = "A registered text cannot be changed here"
    action = "Have the new text registered first; the operator then enters it with its ids."
