"""An authenticator app for tests: its codes follow the product's clock, and a person who has set it up."""

import pyotp

from kernel import clock
from kernel.tenancy import Business, business_scope
from shared_apps.accounts.models import User
from shared_apps.accounts.services import factor_confirm, factor_enrol
from shared_apps.accounts.services.second_factor import STEP_S
from tests.support.people import Client, anyone


def code_of(secret: str, *, steps: int = 0) -> str:
    """What the app shows now, or half minutes later or earlier."""
    return pyotp.TOTP(secret).generate_otp(int(clock.now().timestamp()) // STEP_S + steps)


def wrong(secret: str) -> str:
    """Six digits the app shows neither now nor in the minutes around."""
    near = {code_of(secret, steps=step) for step in range(-4, 5)}
    return next(digits for digits in (f"{n:06d}" for n in range(20)) if digits not in near)


def factor_make(business: Business, user: User) -> tuple[str, list[str]]:
    """Set up a person's second factor by an earlier code; gives the secret and the recovery codes."""
    with business_scope(business):
        secret = factor_enrol(user=user.id).secret
        return secret, factor_confirm(user=user.id, code=code_of(secret, steps=-1))


def admin_signed_in(business: Business, email: str, password: str) -> Client:
    """A platform admin's first sign-in through the doors: password, enrolment, confirmation, then both."""
    given = {"email": email, "password": password}
    door = Client(business, token=anyone(business).post("auth/login", given).json()["enrolment"])
    secret = door.post("auth/2fa/enrol").json()["secret"]
    assert door.post("auth/2fa/confirm", {"code": code_of(secret)}).status_code == 200
    # The next code is taken early rather than waited for: the one of the confirmation is spent.
    answer = anyone(business).post("auth/login", given | {"second_factor": code_of(secret, steps=1)})
    return Client(business, token=answer.json()["access"])
