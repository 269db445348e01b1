"""Indian mobile numbers, kept and compared only in E.164 (`+91` and ten digits)."""

import phonenumbers

from kernel.errors import DomainError

REGION = "IN"


class PhoneInvalid(DomainError):
    """The text is not an Indian mobile number."""

    code = "phone.invalid"
    status = 422
    title = "That is not an Indian mobile number"
    action = "Give ten digits starting with 6, 7, 8 or 9, with or without +91."


def phone(text: str, *, field: str = "phone") -> str:
    """The number as E.164: phone("98765 43210") → "+919876543210". Raises PhoneInvalid."""
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException as error:
        raise PhoneInvalid(field=field) from error
    national = str(number.national_number)
    # The library's numbering plan lags behind newly opened series, so the rule is the regulator's: ten digits, 6 to 9.
    if number.country_code != 91 or len(national) != 10 or national[0] not in "6789" or number.extension:
        raise PhoneInvalid(field=field)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mask(number: str) -> str:
    """For eyes that need no full number: "+919876543210" → "+91 98•• ••3210"."""
    return f"{number[:3]} {number[3:5]}•• ••{number[-4:]}"
