"""For the test suite: as development, with the cheapest password hash."""

from config.settings.development import *  # noqa: F403

PASSWORD_HASHERS = ["config.settings.hashers.QuickArgon2", "django.contrib.auth.hashers.Argon2PasswordHasher"]
