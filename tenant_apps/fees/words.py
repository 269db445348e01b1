"""Amounts in words as receipts in India say them: lakh and crore, in English and in Hindi.

No maintained library writes Hindi numbers, whose first hundred are all words of their own; so both languages are here.
"""

_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_HINDI = (
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस "
    "बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस "
    "अड़तीस उनतालीस चालीस इकतालीस बयालीस तैंतालीस चवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन "
    "तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर "
    "इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उन्यासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी "
    "छियासी सत्तासी अट्ठासी नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पंचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे"
).split()
_SIZES = ((10**7, "crore", "करोड़"), (10**5, "lakh", "लाख"), (10**3, "thousand", "हज़ार"), (100, "hundred", "सौ"))


def amount_in_words(paise: int, language: str) -> str:
    """`Rupees one thousand five hundred only`, `एक हज़ार पाँच सौ रुपये मात्र`; paise only when there are some."""
    rupees, rest = divmod(paise, 100)
    if language == "hi":
        words = [f"{number_in_words(rupees, 'hi')} {'रुपया' if rupees == 1 else 'रुपये'}"] if rupees or not rest else []
        if rest:
            words.append(f"{number_in_words(rest, 'hi')} {'पैसा' if rest == 1 else 'पैसे'}")
        return " और ".join(words) + " मात्र"
    words = [f"{'Rupee' if rupees == 1 else 'Rupees'} {number_in_words(rupees, 'en')}"] if rupees or not rest else []
    if rest:
        words.append(f"{number_in_words(rest, 'en')} {'paisa' if rest == 1 else 'paise'}")
    text = " and ".join(words) + " only"
    return text[:1].upper() + text[1:]


def number_in_words(number: int, language: str) -> str:
    """A whole number from zero up."""
    for size, english, hindi in _SIZES:
        if number >= size:
            many, rest = divmod(number, size)
            head = f"{number_in_words(many, language)} {hindi if language == 'hi' else english}"
            return f"{head} {number_in_words(rest, language)}" if rest else head
    if language == "hi":
        return _HINDI[number]
    if number < len(_ENGLISH):
        return _ENGLISH[number]
    tens, rest = divmod(number, 10)
    return f"{_TENS[tens]}-{_ENGLISH[rest]}" if rest else _TENS[tens]
