"""The writes of accounts: people and their roles, sign-ins, one-time codes, passwords."""

from .attempts import attempts_expire
from .caps import counts_expire
from .ending import sign_in_end, sign_in_revoke, sign_ins_end
from .otp import OtpSent, ProfileChoice, otp_forget, otp_send, otp_verify, profile_select
from .passwords import password_check, password_link_send, password_set, password_set_by_link
from .second_factor import (
    Enrolment,
    factor_confirm,
    factor_disable,
    factor_enrol,
    factor_enrolment,
    factor_forget,
    factor_required,
    factor_seed,
    recovery_codes_renew,
)
from .sessions import session_open, session_renew, session_sign_in
from .sign_in import Device, EnrolmentDue, Tokens, login, sign_in_refresh, sign_in_start
from .support import support_ask, support_end, support_link, support_of, support_open
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
    "Enrolment",
    "EnrolmentDue",
    "OtpSent",
    "ProfileChoice",
    "RoleHeld",
    "Tokens",
    "attempts_expire",
    "counts_expire",
    "factor_confirm",
    "factor_disable",
    "factor_enrol",
    "factor_enrolment",
    "factor_forget",
    "factor_required",
    "factor_seed",
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
    "recovery_codes_renew",
    "roles_set",
    "session_open",
    "session_renew",
    "session_sign_in",
    "sign_in_end",
    "sign_in_refresh",
    "sign_in_revoke",
    "sign_in_start",
    "sign_ins_end",
    "staff_invite",
    "support_ask",
    "support_end",
    "support_link",
    "support_of",
    "support_open",
    "user_change",
    "user_create",
    "user_deactivate",
]
