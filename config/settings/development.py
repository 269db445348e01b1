"""For one machine: the scripts' embedded servers, mail in files, the test clock allowed."""

import os

from config.settings.base import *  # noqa: F403
from config.settings.environment import sealing_keys, text

DEBUG = False
STYLEGUIDE = True
SECRET_KEY = text("SECRET_KEY", "development-only-key-that-production-refuses")
OTP_PEPPER = text("OTP_PEPPER", "development-only-pepper")
SEALING_KEYS = sealing_keys("SEALING_KEYS", "dev:c2hhbGEtZGV2ZWxvcG1lbnQtb25seS1rZXktMzJieXQ=")
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = os.environ.get("MAIL_DIR", ".local/mail")
SMS_TEMPLATES = text("SMS_TEMPLATES", "*")  # the stand-in takes any
