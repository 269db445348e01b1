"""Accounts on a tenant's host: what the public host has, and codes for phones."""

from django.urls import path

from .api import auth
from .urls_platform import urlpatterns as both

urlpatterns = [
    *both,
    path("auth/send-otp", auth.SendOtp.as_view(), name="accounts_send_otp"),
    path("auth/resend-otp", auth.ResendOtp.as_view(), name="accounts_resend_otp"),
    path("auth/verify-otp", auth.VerifyOtp.as_view(), name="accounts_verify_otp"),
]
