"""For the test suite: as development, with the cheapest password hash."""

from config.settings.development import *  # noqa: F403

PASSWORD_HASHERS = ["config.settings.hashers.QuickArgon2", "django.contrib.auth.hashers.Argon2PasswordHasher"]
# No name server of the world is asked; a test that wants answers brings its own.
DNS_NAMESERVERS = ("127.0.0.1:9",)
DNS_SECONDS = 0.2
