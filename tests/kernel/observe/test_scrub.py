"""No personal data and no secret reaches a log line, whatever hides it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.observe import scrub as scrubbing
from kernel.observe.scrub import HIDDEN, scrub, text, value

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        ("sent to +919876543210 now", f"sent to {HIDDEN} now"),
        ("sent to 9876543210.", f"sent to {HIDDEN}."),
        ("98765 43210", HIDDEN),
        ("0919876543210"[1:], HIDDEN),
        ("+44 7700 900123", HIDDEN),
        ("to asha.rao+x@school.example today", f"to {HIDDEN} today"),
        ("Your OTP is 482913", f"Your OTP is {HIDDEN}"),
        ("verification code: 482913", f"verification code: {HIDDEN}"),
        (f"Authorization: Bearer {JWT}", f"Authorization: Bearer {HIDDEN}"),
        (f"token {JWT} seen", f"token {HIDDEN} seen"),
        ("card 4111 1111 1111 1111 declined", f"card {HIDDEN} declined"),
        ("card 4111111111111111", f"card {HIDDEN}"),
        ("password=hunter22&x=1", f"password={HIDDEN}&x=1"),
        ('{"client_secret": "abc123"}', f'{{"client_secret": "{HIDDEN}"}}'),
        ("postgresql://app:s3cret@db/shala", f"postgresql://app:{HIDDEN}@db/shala"),
        ("key rzp_live_Abc123 used", f"key {HIDDEN} used"),
        # As addresses and forms write them.
        ("GET /pay?phone=%2B919876543210&x=1", f"GET /pay?phone={HIDDEN}&x=1"),
        ("GET /me?mail=asha.rao%40school.in", f"GET /me?mail={HIDDEN}"),
        ("number=4111+1111+1111+1111", f"number={HIDDEN}"),
        ("POST /webhook?token=0123abcd&v=2", f"POST /webhook?token={HIDDEN}&v=2"),
        # As Python and JSON inside a text write them.
        ("{'password': 'correct horse battery', 'n': 1}", f"{{'password': '{HIDDEN}', 'n': 1}}"),
        (r"body {\"key_secret\": \"cfs k 1\", \"n\": 1}", rf"body {{\"key_secret\": \"{HIDDEN}\", \"n\": 1}}"),
        (
            "[('x-client-secret', 'cf-1234'), ('accept', 'json')]",
            f"[('x-client-secret', '{HIDDEN}'), ('accept', 'json')]",
        ),
        ("(b'authorization', b'Basic cnpwOnNlY3JldA==')", f"(b'authorization', b'Basic {HIDDEN}')"),
        ("KeyError: '482913'", f"KeyError: '{HIDDEN}'"),
        ("OtpWrong('482913', 3)", f"OtpWrong('{HIDDEN}', 3)"),
        # The second factor's.
        ("otpauth://totp/Shala:asha?secret=JBSWY3DPEHPK3PXP&issuer=Shala of", f"{HIDDEN} of"),
        ("secret is JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP now", f"secret is {HIDDEN} now"),
        ("codes abc2d-efg3h, k5lmn-opqrs", f"codes {HIDDEN}, {HIDDEN}"),
        # As PostgreSQL and its driver tell what was refused.
        (
            'duplicate key value violates "u"\nDETAIL:  Key (name, phone)=(Asha Rao, +919876543210) already exists.',
            f'duplicate key value violates "u"\nDETAIL:  Key (name, phone)=({HIDDEN}) already exists.',
        ),
        (
            'new row for "accounts_user" violates check\nDETAIL:  Failing row contains (0192, Asha Rao, null, 98).',
            f'new row for "accounts_user" violates check\nDETAIL:  Failing row contains ({HIDDEN}).',
        ),
        # What is no secret stays readable.
        ("booking 01a1f7b5933072a0baad589bacbacfe2 held", "booking 01a1f7b5933072a0baad589bacbacfe2 held"),
        ("id 0192a1f7-b593-7072-a0ba-ad589bacbacf", "id 0192a1f7-b593-7072-a0ba-ad589bacbacf"),
        ("amount_paise=150000", "amount_paise=150000"),
        ("order 1234567890123456", "order 1234567890123456"),
        ("2026-11-20T06:47:14.475861Z", "2026-11-20T06:47:14.475861Z"),
        ("code=bookings.seat_taken", "code=bookings.seat_taken"),
        ("{'code': 'bookings.seat_taken'}", "{'code': 'bookings.seat_taken'}"),
        ("retry-after of http-proxy, 482913 paise", "retry-after of http-proxy, 482913 paise"),
        ("INTERNALSERVERERRORSAREUNKNOWNHERE", "INTERNALSERVERERRORSAREUNKNOWNHERE"),
    ],
)
def test_text(line, clean):
    assert text(line) == clean


@pytest.mark.parametrize(
    "name",
    [
        *(
            "password",
            "new_password",
            "otp",
            "otp_code",
            "access_token",
            "Authorization",
            "api_key",
            "authkey",
            "cookie",
        ),
        *(
            "webhook_secret",
            "signature",
            "phone",
            "guardian_phone",
            "email",
            "owner_email",
            "mobile",
            "card_number",
            "cvv",
            "recovery_codes",
            "payer_name",
            "guardian_name",
        ),
    ],
)
def test_what_its_name_gives_away_is_hidden(name):
    assert scrub(None, "", {name: "anything"}) == {name: HIDDEN}


@pytest.mark.parametrize(
    ("name", "thing"),
    [
        ("code", "bookings.seat_taken"),
        ("status", 200),
        ("tenant", "gqeg2l7e7zsg"),
        ("ms", 6.3),
        ("phone", None),
        ("n", True),
    ],
)
def test_what_is_no_secret_stays(name, thing):
    assert scrub(None, "", {name: thing}) == {name: thing}


def test_a_one_time_code_is_hidden_where_a_refusals_code_stays():
    assert value({"code": "482913"}) == {"code": HIDDEN}


def test_it_reaches_into_everything():
    event = {
        "body": {"students": [{"phone": "+919876543210", "note": ("call 9876543210", b"9876543210")}]},
        "n": 9876543210,
    }
    assert scrub(None, "", event) == {
        "body": {"students": [{"phone": HIDDEN, "note": [f"call {HIDDEN}", HIDDEN]}]},
        "n": HIDDEN,
    }


def test_it_stops_where_things_hold_themselves():
    loop: dict = {}
    loop["again"] = loop
    assert HIDDEN in str(value(loop))


@given(
    st.from_regex(r"[6-9][0-9]{9}", fullmatch=True),
    st.sampled_from(["", "+91", "91", "0", "+91 ", "+91-"]),
    st.text(alphabet=" ,.;:()'\"\n", min_size=1, max_size=3),
)
def test_no_mobile_survives_between_any_marks(number, prefix, mark):
    assert number not in text(f"to{mark}{prefix}{number}{mark}end")


@given(
    st.from_regex(r"[0-9]{6}", fullmatch=True), st.sampled_from(["OTP", "otp is", "Your code:", "one-time password"])
)
def test_no_one_time_code_survives_beside_its_name(code, words):
    assert code not in text(f"{words} {code} valid")


@given(st.from_regex(scrubbing._HARMLESS, fullmatch=True))
def test_nothing_would_be_found_in_what_is_not_looked_through(line):
    assert scrubbing._cleaned(line) == line


@pytest.mark.parametrize(
    "line", ["rzp_live_abcdefgh", "cfsk_ma_test_abcdef", "9876543210", "asha@school.in", "token=abcdefgh"]
)
def test_a_bare_secret_is_no_harmless_word(line):
    assert HIDDEN in text(line)
