"""Accounts on a tenant's host: what the public host has, and codes for phones."""

from django.urls import path

from . import pages as views
from . import pages_me as me
from . import pages_support as support
from . import urls_platform
from .api import auth

urlpatterns = [
    *urls_platform.urlpatterns,
    path("auth/send-otp", auth.SendOtp.as_view(), name="accounts_send_otp"),
    path("auth/resend-otp", auth.ResendOtp.as_view(), name="accounts_resend_otp"),
    path("auth/verify-otp", auth.VerifyOtp.as_view(), name="accounts_verify_otp"),
]
pages = [
    path("sign-in", views.PhoneSignIn.as_view(), name="page_sign_in"),
    path("sign-in/staff", views.PasswordSignIn.as_view(), name="page_sign_in_staff"),
    path("sign-in/code", views.CodeSignIn.as_view(), name="page_sign_in_code"),
    path("sign-in/profile", views.ProfileSignIn.as_view(), name="page_sign_in_profile"),
    *urls_platform.both,
    path("me/profile", me.ProfileSwitch.as_view(), name="page_profile_switch"),
    path("support", support.Entry.as_view(), name="page_support"),
    path("support/end", support.End.as_view(), name="page_support_end"),
]
