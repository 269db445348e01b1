"""The writes of accounts: people and their roles, sign-ins, one-time codes, passwords."""

from .attempts import attempts_expire
from .caps import counts_expire
from .otp import OtpSent, ProfileChoice, otp_forget, otp_send, otp_verify, profile_select
from .passwords import password_check, password_link_send, password_set, password_set_by_link
from .sign_in import (
    Device,
    Tokens,
    login,
    sign_in_end,
    sign_in_refresh,
    sign_in_revoke,
    sign_in_start,
    sign_ins_end,
)
from .users import (
    RoleHeld,
    profile_change,
    roles_set,
    staff_invite,
    user_change,
    user_create,
    user_deactivate,
)

__all__ = [
    "Device",
    "OtpSent",
    "ProfileChoice",
    "RoleHeld",
    "Tokens",
    "attempts_expire",
    "counts_expire",
    "login",
    "otp_forget",
    "otp_send",
    "otp_verify",
    "password_check",
    "password_link_send",
    "password_set",
    "password_set_by_link",
    "profile_change",
    "profile_select",
    "roles_set",
    "sign_in_end",
    "sign_in_refresh",
    "sign_in_revoke",
    "sign_in_start",
    "sign_ins_end",
    "staff_invite",
    "user_change",
    "user_create",
    "user_deactivate",
]
