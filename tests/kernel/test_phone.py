"""Indian mobile numbers: every way people write one gives the same E.164, everything else is refused."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.phone import PhoneInvalid, mask, phone

NATIONAL = st.from_regex(r"[6-9][0-9]{9}", fullmatch=True)
WAYS = [
    "{0}{1}", "+91{0}{1}", "+91 {0} {1}", "0{0}{1}", "0091 {0} {1}", "91{0}{1}", "+91-{0}-{1}", "(+91) {0} {1}",
    "  {0} {1}  ", "{0}.{1}", "tel:+91-{0}-{1}",
]  # fmt: skip


@given(NATIONAL, st.sampled_from(WAYS))
def test_every_way_of_writing_gives_one_number(national: str, way: str) -> None:
    assert phone(way.format(national[:5], national[5:])) == f"+91{national}"


@given(NATIONAL)
def test_a_number_stays_what_it_is(national: str) -> None:
    assert phone(phone(national)) == phone(national)


@given(st.text())
def test_any_text_is_a_number_or_refused(text: str) -> None:
    with suppress(PhoneInvalid):
        assert re.fullmatch(r"\+91[6-9]\d{9}", phone(text))


@pytest.mark.parametrize(
    "text",
    [
        "", "98765", "987654321", "98765432101", "5876543210", "1234567890", "022 2345 6789", "+1 650 253 0000",
        "+44 7400 123456", "9876543210 ext. 5", "98765 4321O", "1800 103 1906", "+91", "abc", "\x00",
    ],
)  # fmt: skip
def test_what_is_no_indian_mobile_is_refused(text: str) -> None:
    with pytest.raises(PhoneInvalid):
        phone(text)


def test_the_refusal_names_the_callers_field() -> None:
    with pytest.raises(PhoneInvalid) as refused:
        phone("12", field="guardian_phone")
    assert (refused.value.code, refused.value.status, refused.value.field) == ("phone.invalid", 422, "guardian_phone")


@given(NATIONAL)
def test_a_masked_number_keeps_six_digits(national: str) -> None:
    shown = mask(phone(national))
    assert shown == f"+91 {national[:2]}•• ••{national[-4:]}"
    assert national not in re.sub(r"\D", "", shown)
