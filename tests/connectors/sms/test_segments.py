"""A text is billed as many parts as the rules of 3GPP TS 23.038 and 23.040 make it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sms.segments import Encoding, count

GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", GSM7, 0, 1),
        ("a", GSM7, 1, 1),
        ("a" * 160, GSM7, 160, 1),
        ("a" * 161, GSM7, 161, 2),
        ("a" * 306, GSM7, 306, 2),
        ("a" * 307, GSM7, 307, 3),
        ("a" * 459, GSM7, 459, 3),
        ("a" * 460, GSM7, 460, 4),
        # An escape costs two septets.
        ("€" * 80, GSM7, 160, 1),
        ("€" * 81, GSM7, 162, 2),
        ("[" * 80, GSM7, 160, 1),
        # 153 is odd, so a part of escapes holds 76 of them: 153 escapes are three parts, not the two that 306/153 says.
        ("^" * 152, GSM7, 304, 2),
        ("^" * 153, GSM7, 306, 3),
        # The pair that would end on the 154th septet moves whole into the next part.
        ("a" * 152 + "~" + "a" * 152, GSM7, 306, 3),
        ("a" * 153 + "~" + "a" * 151, GSM7, 306, 2),
        # One character outside GSM-7 changes the whole text.
        ("Fee of Rs 500", GSM7, 13, 1),
        ("Fee of ₹500", UCS2, 11, 1),
        ("a" * 159 + "`", UCS2, 160, 3),
        ("a" * 159 + "₹", UCS2, 160, 3),
        ("ç", UCS2, 1, 1),
        ("Ç", GSM7, 1, 1),
        ("\n\r", GSM7, 2, 1),
        ("\t", UCS2, 1, 1),
        ("अ" * 70, UCS2, 70, 1),
        ("अ" * 71, UCS2, 71, 2),
        ("अ" * 134, UCS2, 134, 2),
        ("अ" * 135, UCS2, 135, 3),
        # A surrogate pair counts two units and stays whole: 33 in a part of 67.
        ("😀" * 35, UCS2, 70, 1),
        ("😀" * 36, UCS2, 72, 2),
        ("😀" * 66, UCS2, 132, 2),
        ("😀" * 67, UCS2, 134, 3),
        ("अ" * 66 + "😀" + "अ" * 66, UCS2, 134, 3),
        ("अ" * 67 + "😀" + "अ" * 65, UCS2, 134, 2),
    ],
)
def test_a_text_is_counted(text: str, encoding: Encoding, units: int, parts: int) -> None:
    counted = count(text)
    assert (counted.encoding, counted.units, counted.parts) == (encoding, units, parts)


@given(st.text(alphabet="ab€^😀अ₹`", max_size=400))
def test_parts_are_what_filling_them_one_by_one_gives(text: str) -> None:
    """Against a slow plain model: cut the text into parts by hand."""
    counted = count(text)
    escapes = "€^{}\\[~]|\f"
    gsm = all(char in "ab" or char in escapes for char in text)
    widths = [(2 if char in escapes else 1) if gsm else len(char.encode("utf-16-be")) // 2 for char in text]
    alone, joined = (160, 153) if gsm else (70, 67)
    parts = [0]
    for width in widths:
        if parts[-1] + width > joined:
            parts.append(0)
        parts[-1] += width
    assert counted.units == sum(widths)
    assert counted.parts == (1 if sum(widths) <= alone else len(parts))
    assert counted.encoding is (GSM7 if gsm else UCS2)
