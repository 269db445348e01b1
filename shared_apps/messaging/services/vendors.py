"""Which vendor carries which channel, with the operator's account: one client a process."""

from functools import lru_cache

from django.conf import settings

from connectors.sms.msg91 import Msg91
from connectors.sms.port import SmsVendor


def sms_vendor() -> SmsVendor:
    """The vendor SMS go out by."""
    return _msg91(settings.MSG91_BASE_URL, settings.MSG91_AUTHKEY, settings.MSG91_ANSWER_SECONDS)


def vendor_named(name: str) -> SmsVendor | None:
    """The vendor a delivery report claims to come from."""
    vendor = sms_vendor()
    return vendor if vendor.name == name else None


@lru_cache(maxsize=4)
def _msg91(base_url: str, authkey: str, answer_seconds: float) -> Msg91:
    return Msg91(base_url=base_url, authkey=authkey, answer_seconds=answer_seconds)
