"""Owns the people who sign in, their roles, their devices, their second factors and the one-time codes on their way.

A person of one business is unknown to every other: nothing here points out of its schema.
"""

import hashlib

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Lower

from kernel import clock
from kernel.ids import uuid7


class User(AbstractBaseUser):
    """Someone who can sign in to one business; the same person elsewhere is another row in another schema.

    `email` is kept in lower case, `phone` as E.164. A blank `password` means: none was ever set.
    """

    class State(models.TextChoices):
        INVITED = "invited"
        ACTIVE = "active"
        DEACTIVATED = "deactivated"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120, blank=True)
    phone = models.CharField(max_length=16, null=True)
    email = models.EmailField(max_length=254, null=True)
    password = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField(default=clock.now)

    last_login = None  # SignIn knows better: one row per device

    USERNAME_FIELD = "email"

    class Meta:
        constraints = [
            models.UniqueConstraint(name="accounts_user_phone_once", fields=["phone"]),
            models.UniqueConstraint(name="accounts_user_email_once", fields=["email"]),
            models.CheckConstraint(name="accounts_user_reachable", condition=~models.Q(phone=None, email=None)),
            models.CheckConstraint(name="accounts_user_email_lower", condition=models.Q(email=Lower("email"))),
            models.CheckConstraint(
                name="accounts_user_phone_e164", condition=models.Q(phone__regex=r"^\+[1-9][0-9]{6,14}$")
            ),
            models.CheckConstraint(
                name="accounts_user_state", condition=models.Q(state__in=["invited", "active", "deactivated"])
            ),
        ]

    def __str__(self) -> str:
        return f"user {self.id}"

    @property
    def fingerprint(self) -> str:
        """Changes with the password and the address: tokens that carry it are void once either did. Tells neither."""
        return hashlib.sha256(f"{self.id}|{self.email}|{self.password}".encode()).hexdigest()[:32]


class RoleAssignment(models.Model):
    """A role held in one branch, or in all of them when `branch` is null."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_assignments")
    role = models.CharField(max_length=40)
    branch = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="accounts_role_once", fields=["user", "role", "branch"], nulls_distinct=False),
        ]
        indexes = [models.Index(name="accounts_role_branch", fields=["role", "branch"])]

    def __str__(self) -> str:
        return f"{self.role} of {self.user_id}"


class SignIn(models.Model):
    """One device: behind its web session, its family of tokens and its sockets. Ended once, ended for all three.

    `refresh` is the id of the only refresh token that still counts; `student` is the profile picked, if any. Use moves
    `expires_at` on, up to `ends_at` where the sign-in is for a time only.
    """

    class Kind(models.TextChoices):
        ADMIN = "admin"
        STAFF = "staff"
        STUDENT = "student"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    kind = models.CharField(max_length=8, choices=Kind)
    student = models.UUIDField(null=True)
    device = models.CharField(max_length=200, blank=True)
    ip = models.GenericIPAddressField(null=True)
    refresh = models.UUIDField(default=uuid7)
    created_at = models.DateTimeField(default=clock.now)
    seen_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="accounts_signin_kind", condition=models.Q(kind__in=["admin", "staff", "student"])
            ),
            models.CheckConstraint(
                name="accounts_signin_for_a_time",
                condition=models.Q(ends_at=None) | models.Q(expires_at__lte=models.F("ends_at")),
            ),
            models.CheckConstraint(
                name="accounts_signin_ended_why",
                condition=models.Q(ended_at=None, ended_because="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(ended_because="")),
            ),
        ]
        indexes = [
            models.Index(name="accounts_signin_live", fields=["user", "-id"], condition=models.Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"sign-in {self.id}"


class SupportVisit(models.Model):
    """One of the operator's people in an owner's place: why, by which sign-in once the link was used, and until when.

    `admin` is a person of the operator's schema. The link counts until `link_ends_at`, and once.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    admin = models.UUIDField()
    admin_name = models.CharField(max_length=120)
    reason = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    link_ends_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    sign_in = models.OneToOneField(SignIn, on_delete=models.SET_NULL, null=True, related_name="support")

    class Meta:
        constraints = [
            models.CheckConstraint(name="accounts_support_why", condition=~models.Q(reason="")),
            models.CheckConstraint(
                name="accounts_support_for_a_time",
                condition=models.Q(link_ends_at__lte=models.F("ends_at"), asked_at__lt=models.F("link_ends_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"support {self.id}"


class OtpChallenge(models.Model):
    """The one code that may be live for an address and a purpose, and when one was last asked for.

    `code_hash` is null once the code was used, tried too often or forgotten; `selection` is the id of the token that
    lets whoever proved the address pick a profile, once.
    """

    TRIES = 3

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    address = models.CharField(max_length=254)
    purpose = models.CharField(max_length=20)
    code_hash = models.CharField(max_length=64, null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    selection = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="accounts_otp_one_live", fields=["address", "purpose"]),
            models.CheckConstraint(name="accounts_otp_tries", condition=models.Q(tries__lte=3)),
        ]
        indexes = [models.Index(name="accounts_otp_expiry", fields=["expires_at"])]

    def __str__(self) -> str:
        return f"challenge {self.id}"


class OtpCount(models.Model):
    """What was sent under one cap since its window began; `subject` is a digest of whom it holds for, if for anyone.

    `capped_at` is when the cap first refused in this window: that is audited, what it refuses later is not.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    cap = models.CharField(max_length=20)
    subject = models.CharField(max_length=64, blank=True)
    used = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    capped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="accounts_otpcount_once", fields=["cap", "subject"])]
        indexes = [models.Index(name="accounts_otpcount_began", fields=["began_at"])]

    def __str__(self) -> str:
        return f"{self.cap} {self.subject[:8]}"


class SecondFactor(models.Model):
    """The secret a person's authenticator app shares with us; asked for at sign-in once it is confirmed.

    `secret` is sealed for its person. `step` is the last half minute whose code was used: codes only ever move on.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="second_factor")
    secret = models.CharField(max_length=200)
    step = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    confirmed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"second factor of {self.user_id}"


class RecoveryCode(models.Model):
    """One of the codes kept on paper for the day the app is lost: good once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    factor = models.ForeignKey(SecondFactor, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="accounts_recovery_once", fields=["factor", "code_hash"])]

    def __str__(self) -> str:
        return f"recovery code {self.id}"


class LoginAttempts(models.Model):
    """Guesses at one e-mail address's password, or one person's second factor, of late; `subject` is a digest."""

    subject = models.CharField(primary_key=True, max_length=64)
    failures = models.PositiveSmallIntegerField()
    began_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"attempts {self.subject[:8]}"
