"""Refusals of organisation: one class per reason, each with what to do about it."""

from kernel.errors import DomainError


class GstinInvalid(DomainError):
    """Not a GSTIN: its form, its state or its check digit is wrong."""

    code = "organisation.gstin_invalid"
    status = 422
    title = "That is not a GSTIN"
    action = "Copy the 15 characters from your registration certificate."


class ColourInvalid(DomainError):
    """Not a colour of six hexadecimal digits."""

    code = "organisation.colour_invalid"
    status = 422
    title = "That is not a colour"
    action = "Choose a colour, or type six digits such as #3a3db0."


class LogoInvalid(DomainError):
    """Not a picture of a kind that is shown, or too large."""

    code = "organisation.logo_invalid"
    status = 422
    title = "That picture cannot be your logo"
    action = "Choose a PNG, JPEG or WebP picture of at most 512 KB; a square one looks best."


class StepUnknown(DomainError):
    """There is no such step of the set-up."""

    code = "organisation.step_unknown"
    status = 404
    title = "There is no such step"
    action = "Look at the list of steps again."
