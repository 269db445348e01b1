"""Accounts on the public host: platform admins sign in by password and second factor."""

from django.urls import path

from . import pages as views
from . import pages_me as me
from . import pages_security
from .api import auth, second_factor, users

urlpatterns = [
    path("auth/login", auth.Login.as_view(), name="accounts_login"),
    path("auth/refresh", auth.Refresh.as_view(), name="accounts_refresh"),
    path("auth/verify", auth.Verify.as_view(), name="accounts_verify"),
    path("auth/logout", auth.Logout.as_view(), name="accounts_logout"),
    path("auth/me", auth.Me.as_view(), name="accounts_me"),
    path("auth/devices", auth.Devices.as_view(), name="accounts_devices"),
    path("auth/devices/<uuid:sign_in>", auth.Device.as_view(), name="accounts_device"),
    path("auth/2fa", second_factor.Factor.as_view(), name="accounts_second_factor"),
    path("auth/2fa/enrol", second_factor.Enrol.as_view(), name="accounts_second_factor_enrol"),
    path("auth/2fa/confirm", second_factor.Confirm.as_view(), name="accounts_second_factor_confirm"),
    path("auth/2fa/disable", second_factor.Disable.as_view(), name="accounts_second_factor_disable"),
    path("auth/2fa/recovery-codes", second_factor.RecoveryCodes.as_view(), name="accounts_recovery_codes"),
    path("auth/password/reset", auth.PasswordReset.as_view(), name="accounts_password_reset"),
    path("users", users.Users.as_view(), name="accounts_users"),
    path("users/invite", users.Invite.as_view(), name="accounts_invite"),
    path("users/<uuid:user_id>", users.OneUser.as_view(), name="accounts_user"),
    path("users/<uuid:user_id>/activity", users.Activity.as_view(), name="accounts_activity"),
    path("roles", users.Roles.as_view(), name="accounts_roles"),
]

both = [
    path("me/security", pages_security.Security.as_view(), name="page_security"),
    path("sign-in/enrol", views.Enrolment.as_view(), name="page_enrol"),
    path("sign-out", views.SignOut.as_view(), name="page_sign_out"),
    path("sign-out/everywhere", me.SignOutEverywhere.as_view(), name="page_sign_out_everywhere"),
    path("me", me.Me.as_view(), name="page_me"),
    path("me/devices/<uuid:device>", me.DeviceEnd.as_view(), name="page_device_end"),
    path("password", views.NewPassword.as_view(), name="page_password"),
    path("password/forgotten", views.Forgotten.as_view(), name="page_forgotten"),
]
pages = [path("sign-in", views.PasswordSignIn.as_view(), name="page_sign_in"), *both]
