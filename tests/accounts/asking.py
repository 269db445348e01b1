"""Asking for a one-time code and giving one, as anyone may; and who came in by it."""

from typing import Any

from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import SignIn, User
from tests.support.otp import code_sent
from tests.support.people import anyone


def ask(business: Business, phone: str, path: str = "auth/send-otp") -> Any:
    return anyone(business).post(path, {"phone": phone})


def give(business: Business, phone: str, code: str, **more: Any) -> Any:
    return anyone(business).post("auth/verify-otp", {"phone": phone, "code": code, **more})


def devices(business: Business) -> int:
    with tenant_scope(business):
        return SignIn.objects.count()


def answered(business: Business, user: User) -> Any:
    """What one who was sent a code is told for it."""
    ask(business, str(user.phone))
    return give(business, str(user.phone), code_sent(business, str(user.phone)))
