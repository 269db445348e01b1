"""Accounts on the public host: password sign-in for platform admins."""

from django.urls import path

from .api import auth, users

urlpatterns = [
    path("auth/login", auth.Login.as_view(), name="accounts_login"),
    path("auth/refresh", auth.Refresh.as_view(), name="accounts_refresh"),
    path("auth/verify", auth.Verify.as_view(), name="accounts_verify"),
    path("auth/logout", auth.Logout.as_view(), name="accounts_logout"),
    path("auth/me", auth.Me.as_view(), name="accounts_me"),
    path("auth/devices", auth.Devices.as_view(), name="accounts_devices"),
    path("auth/devices/<uuid:sign_in>", auth.Device.as_view(), name="accounts_device"),
    path("auth/password/reset", auth.PasswordReset.as_view(), name="accounts_password_reset"),
    path("users", users.Users.as_view(), name="accounts_users"),
    path("users/invite", users.Invite.as_view(), name="accounts_invite"),
    path("users/<uuid:user_id>", users.OneUser.as_view(), name="accounts_user"),
    path("users/<uuid:user_id>/activity", users.Activity.as_view(), name="accounts_activity"),
    path("roles", users.Roles.as_view(), name="accounts_roles"),
]
