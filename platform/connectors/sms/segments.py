"""How many parts a text is billed as: GSM 03.38 seven-bit septets or UTF-16 units, by 3GPP TS 23.038 and 23.040."""

from dataclasses import dataclass
from enum import StrEnum

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("\f^{}\\[~]|€")


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


# Units in a lone message, and in each part of several (six octets go to the header that joins them).
_ROOM = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}


@dataclass(frozen=True, slots=True)
class Segments:
    """`units` are septets (GSM-7) or UTF-16 units (UCS-2); `parts` is what operators bill."""

    encoding: Encoding
    units: int
    parts: int


def encoding_of(text: str) -> Encoding:
    """UCS-2 as soon as one character is outside GSM-7: the rupee sign and the backtick are."""
    return Encoding.GSM7 if all(char in _BASIC or char in _ESCAPED for char in text) else Encoding.UCS2


def count(text: str) -> Segments:
    """Count a text. An escape pair or a surrogate pair never straddles two parts, so a part may end one unit short.

    An empty text is one part: operators bill an empty message too.
    """
    encoding = encoding_of(text)
    if encoding is Encoding.GSM7:
        widths = [2 if char in _ESCAPED else 1 for char in text]
    else:
        widths = [2 if ord(char) > 0xFFFF else 1 for char in text]
    units, (alone, joined) = sum(widths), _ROOM[encoding]
    if units <= alone:
        return Segments(encoding, units, 1)
    parts, used = 1, 0
    for width in widths:
        if used + width > joined:
            parts, used = parts + 1, 0
        used += width
    return Segments(encoding, units, parts)
