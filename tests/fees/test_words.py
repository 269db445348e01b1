"""Amounts in words: every amount reads back as itself, in both languages."""

from hypothesis import given
from hypothesis import strategies as st

from tenant_apps.fees import words
from tenant_apps.fees.words import amount_in_words, number_in_words

SIZES = {
    "en": {"crore": 10**7, "lakh": 10**5, "thousand": 1000, "hundred": 100},
    "hi": {"करोड़": 10**7, "लाख": 10**5, "हज़ार": 1000, "सौ": 100},
}


def read_back(text: str, language: str) -> int:
    """The number a text says, by a reader that shares no code with the writer but its words for the small ones."""
    small = {word: number for number, word in enumerate(words._ENGLISH if language == "en" else words._HINDI)}
    small |= {word: 10 * number for number, word in enumerate(words._TENS) if language == "en" and word != "-"}
    total, part, crores = 0, 0, 0
    for word in text.replace("-", " ").split():
        size = SIZES[language].get(word)
        if size is None:
            part += small[word]
        elif size == 10**7:
            crores, total, part = (crores + total + part) * size, 0, 0
        else:
            total, part = (total + part * size, 0) if size > 100 else (total, part * size)
    return crores + total + part


@given(number=st.integers(min_value=0, max_value=10**12))
def test_every_number_reads_back(number: int) -> None:
    for language in ("en", "hi"):
        assert read_back(number_in_words(number, language), language) == number


def test_hindi_has_a_word_of_its_own_for_each_of_the_first_hundred() -> None:
    assert len(words._HINDI) == len(set(words._HINDI)) == 100
    assert [number_in_words(one, "hi") for one in (39, 49, 59, 69, 79, 89, 99)] == [
        "उनतालीस",
        "उनचास",
        "उनसठ",
        "उनहत्तर",
        "उन्यासी",
        "नवासी",
        "निन्यानवे",
    ]


def test_amounts_as_receipts_say_them() -> None:
    assert amount_in_words(1_500_00, "en") == "Rupees one thousand five hundred only"
    assert amount_in_words(1_00, "en") == "Rupee one only"
    assert amount_in_words(50, "en") == "Fifty paise only"
    assert amount_in_words(1, "en") == "One paisa only"
    assert amount_in_words(0, "en") == "Rupees zero only"
    assert amount_in_words(12_34_567_01, "en") == (
        "Rupees twelve lakh thirty-four thousand five hundred sixty-seven and one paisa only"
    )
    assert amount_in_words(1_500_00, "hi") == "एक हज़ार पाँच सौ रुपये मात्र"
    assert amount_in_words(1_00, "hi") == "एक रुपया मात्र"
    assert amount_in_words(2_00_00_000_50, "hi") == "दो करोड़ रुपये और पचास पैसे मात्र"
