"""What the registry would drop and bill is refused before it leaves."""

from datetime import UTC, datetime

import pytest

from connectors.sms.dlt import SCRUBBED, DltError, Tag, Variable, read, scrubbed, window_opens

CODE = "{#numeric#} is your code to sign in at {#alphanumeric#}. It is valid for 5 minutes. Tell it to nobody."
CODE_VARIABLES = (Variable("code", Tag.NUMERIC), Variable("academy", Tag.ALPHANUMERIC, cut=30))
LINK = "Your receipt of the payment made today can be read and printed at {#url#} until the end of the year. Thank you."


def test_a_text_is_filled_in_order() -> None:
    text = read(CODE, CODE_VARIABLES)
    message = text.render({"academy": "Asha Academy", "code": "482913"})
    assert message == "482913 is your code to sign in at Asha Academy. It is valid for 5 minutes. Tell it to nobody."
    assert text.matches(message)


@pytest.mark.parametrize(
    ("values", "reason", "variable"),
    [
        ({"code": "482913"}, "missing", "academy"),
        ({"code": " ", "academy": "Asha"}, "missing", "code"),
        ({"code": "482913", "academy": "Asha", "other": "x"}, "unknown", "other"),
        ({"code": "48 29", "academy": "Asha"}, "wrong_kind", "code"),
        ({"code": "१२३", "academy": "Asha"}, "wrong_kind", "code"),
        ({"code": "1" * 31, "academy": "Asha"}, "too_long", "code"),
        ({"code": "1", "academy": "see www.evil.example"}, "wrong_kind", "academy"),
        ({"code": "1", "academy": "https://evil.example"}, "wrong_kind", "academy"),
        ({"code": "1", "academy": "As\x00ha"}, "wrong_kind", "academy"),
    ],
)
def test_a_value_the_registry_refuses_is_refused(values: dict[str, str], reason: str, variable: str) -> None:
    with pytest.raises(DltError) as refused:
        read(CODE, CODE_VARIABLES).render(values)
    assert (refused.value.reason, refused.value.variable) == (reason, variable)


def test_thirty_characters_pass_and_a_longer_name_is_cut() -> None:
    text = read(CODE, CODE_VARIABLES)
    assert "1" * 30 in text.render({"code": "1" * 30, "academy": "Asha"})
    long = "Asha   Academy of Science and Commerce"
    assert text.fit({"code": "1", "academy": long})["academy"] == "Asha Academy of Science and Co"


@pytest.mark.parametrize(
    ("value", "allowed", "passes"),
    [
        ("https://asha.example/r/1", {"asha.example"}, True),
        ("https://asha.example", {"asha.example"}, True),
        ("https://asha.example/r/1", {"https://asha.example/r"}, True),
        ("https://asha.example.evil/r", {"asha.example"}, False),
        ("https://asha.example@evil", {"asha.example"}, False),
        ("https://evil.example/asha", {"asha.example"}, False),
        ("https://asha.example/r/1", set(), False),
    ],
)
def test_only_approved_links_leave(value: str, allowed: set[str], passes: bool) -> None:
    text = read(LINK, [Variable("link", Tag.URL)], allowed=allowed)
    if passes:
        assert text.render({"link": value}).count(value) == 1
    else:
        with pytest.raises(DltError) as refused:
            text.render({"link": value})
        assert refused.value.reason == "not_allowed"


def test_a_link_is_https() -> None:
    with pytest.raises(DltError) as refused:
        read(LINK, [Variable("link", Tag.URL)], allowed={"a.example"}).render({"link": "http://a.example/"})
    assert refused.value.reason == "wrong_kind"


def test_a_call_back_number_is_approved_in_any_writing() -> None:
    text = read(
        "Please ring us back on {#cbn#} today about your admission.",
        [Variable("ring", Tag.CALLBACK)],
        allowed={"98765 43210"},
    )
    assert "+919876543210" in text.render({"ring": "+919876543210"})
    with pytest.raises(DltError) as refused:
        text.render({"ring": "+919876543211"})
    assert refused.value.reason == "not_allowed"


def test_variables_fill_at_most_forty_per_cent() -> None:
    text = read("Hello {#alphanumeric#}, hi", [Variable("name", Tag.ALPHANUMERIC)])
    assert text.render({"name": "Ravi"}) == "Hello Ravi, hi"
    with pytest.raises(DltError) as refused:
        text.render({"name": "Ravi Shankar Prasad"})
    assert refused.value.reason == "share"


@pytest.mark.parametrize(
    ("text", "variables", "reason"),
    [
        ("", (), "empty"),
        ("x" * 2001, (), "text_too_long"),
        ("{#numeric#}", (Variable("a", Tag.NUMERIC),), "only_variables"),
        ("Hi {#colour#}", (), "unknown_tag"),
        ("Hi ##name##", (), "unknown_tag"),
        ("Hi {#numeric#} there", (), "places"),
        ("Hi {#numeric#} there", (Variable("a", Tag.URL),), "places"),
        ("Hi {#var#} and {#var#}", (Variable("a", Tag.VAR), Variable("a", Tag.VAR)), "name_twice"),
    ],
)
def test_a_text_that_cannot_be_registered_is_refused(text: str, variables: tuple[Variable, ...], reason: str) -> None:
    with pytest.raises(DltError) as refused:
        read(text, variables)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "message",
    [
        "482913  is your code to sign in at Asha. It is valid for 5 minutes. Tell it to nobody.",
        "482913 is your code to sign in at Asha. It is valid for 5 minutes. Tell it to nobody. ",
        "482913 is your code to sign in at Asha. It is valid for 5 minutes, tell it to nobody.",
        "482913 is your code to sign in at \u00a0. It is valid for 5 minutes. Tell it to no\u200bbody.",
        "482913 is your code to sign in at . It is valid for 5 minutes. Tell it to nobody.",
        "4" * 31 + " is your code to sign in at Asha. It is valid for 5 minutes. Tell it to nobody.",
    ],
)
def test_another_text_is_not_the_registered_one(message: str) -> None:
    assert not read(CODE, CODE_VARIABLES).matches(message)


def test_every_six_hundred_is_the_registrys() -> None:
    assert scrubbed("615") == "PE_TM_HASH_NOT_REGISTERED"
    assert scrubbed("651") == "DLT_REFUSED"
    assert [scrubbed(code) for code in ("207", "6", "6000", "")] == [None] * 4
    assert len(SCRUBBED) == 21


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-20T04:29:59+00:00", "2026-11-20T04:30:00+00:00"),
        ("2026-11-20T04:30:00+00:00", "2026-11-20T04:30:00+00:00"),
        ("2026-11-20T15:29:59+00:00", "2026-11-20T15:29:59+00:00"),
        ("2026-11-20T15:30:00+00:00", "2026-11-21T04:30:00+00:00"),
        ("2026-11-20T20:00:00+00:00", "2026-11-21T04:30:00+00:00"),
    ],
)
def test_promotion_waits_for_the_day(at: str, opens: str) -> None:
    moment = datetime.fromisoformat(at)
    assert window_opens("promotional", moment) == datetime.fromisoformat(opens)
    assert window_opens("service_implicit", moment) == moment
    assert window_opens("promotional", moment).tzinfo is UTC or window_opens("promotional", moment) == moment
