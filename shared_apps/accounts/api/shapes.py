"""What the doors of accounts take and give."""

from typing import Any, cast
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request

from kernel.http.actor import actor_of
from kernel.http.serializers import Input, Output
from kernel.observe import context
from kernel.phone import PhoneInvalid
from kernel.phone import phone as e164

from ..models import User
from ..services import Device, EnrolmentDue, ProfileChoice, RoleHeld, Tokens


class PhoneField(serializers.CharField):
    """An Indian mobile number in any usual writing; kept as E.164."""

    api_errors = (PhoneInvalid,)

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=30, **options)

    def to_internal_value(self, data: Any) -> str:
        return e164(super().to_internal_value(data), field=self.field_name or "phone")


class DeviceInput(Input):
    device = serializers.CharField(max_length=200, required=False, help_text="what the list of devices shows")


class FactorInput(Input):
    second_factor = serializers.CharField(
        max_length=20, required=False, help_text="the authenticator app's six digits, or a recovery code"
    )


class LoginInput(DeviceInput, FactorInput):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=200, trim_whitespace=False)
    profile = serializers.UUIDField(required=False, help_text="whom to act for, when not as a member of staff")


class RefreshInput(Input):
    refresh = serializers.CharField(max_length=2000)


class AddressInput(Input):
    """A person's phone or e-mail address: exactly one of them."""

    phone = PhoneField(required=False)
    email = serializers.EmailField(max_length=254, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("phone" in attrs) == ("email" in attrs):
            raise serializers.ValidationError("Give a phone or an e-mail address.", code="one_address")
        attrs["address"] = attrs.pop("phone", None) or attrs.pop("email").lower()
        return attrs


class VerifyOtpInput(AddressInput, DeviceInput, FactorInput):
    """Either the code for an address, or the `selection` of an earlier answer with the `profile` chosen."""

    code = serializers.RegexField(r"^[0-9]{6}\Z", required=False)
    selection = serializers.CharField(max_length=2000, required=False)
    profile = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "selection" in attrs:
            if "profile" not in attrs or attrs.keys() & {"phone", "email", "code"}:
                raise serializers.ValidationError("A selection comes with a profile alone.", code="selection_alone")
            return attrs
        if "code" not in attrs:
            raise serializers.ValidationError({"code": "This field is required."}, code="required")
        return super().validate(attrs)


class OtpSentOutput(Output):
    expires_in = serializers.IntegerField(help_text="seconds the code is good for")
    resend_in = serializers.IntegerField(help_text="seconds until another may be asked for")


class TokensOutput(Output):
    access = serializers.CharField()
    refresh = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="seconds the access token is good for")
    sign_in = serializers.UUIDField(help_text="this device among the person's devices")
    is_new = serializers.BooleanField(help_text="whether this sign-in made the person known here")


class EnrolmentDueOutput(Output):
    enrolment = serializers.CharField(help_text="opens auth/2fa/enrol and auth/2fa/confirm, nothing else")
    expires_in = serializers.IntegerField(help_text="seconds it is good for")


class FactorOutput(Output):
    is_on = serializers.BooleanField(help_text="whether signing in takes a code")
    is_required = serializers.BooleanField(help_text="whether nobody works here without one")
    since = serializers.DateTimeField(allow_null=True)
    recovery_codes_left = serializers.IntegerField()


class EnrolmentOutput(Output):
    secret = serializers.CharField(help_text="base 32, for typing into the app; shown this once")
    uri = serializers.CharField(help_text="otpauth://, for a QR code")


class FactorCodeInput(Input):
    code = serializers.CharField(max_length=20, help_text="the app's six digits; once it is on, or a recovery code")


class RecoveryCodesOutput(Output):
    recovery_codes = serializers.ListField(
        child=serializers.CharField(), help_text="each good once in place of the app; shown this once"
    )


class ProfileOutput(Output):
    id = serializers.UUIDField()
    name = serializers.CharField()
    relation = serializers.ChoiceField(["self", "mother", "father", "guardian"])
    kind = serializers.ChoiceField(["student", "staff"])


class ProfileChoiceOutput(Output):
    profiles = ProfileOutput(many=True)
    selection = serializers.CharField(help_text="send it back with the profile chosen")
    expires_in = serializers.IntegerField(help_text="seconds the selection is good for")


class HeldOutput(Output):
    role = serializers.CharField()
    branch = serializers.UUIDField(allow_null=True, help_text="null: all branches")


class HeldInput(Input):
    role = serializers.CharField(max_length=40)
    branch = serializers.UUIDField(required=False, allow_null=True, default=None)


class VerifyOutput(Output):
    user = serializers.UUIDField(source="user_id")
    sign_in = serializers.UUIDField()
    kind = serializers.ChoiceField(["admin", "staff", "student"])
    roles = serializers.ListField(child=serializers.CharField())
    permissions = serializers.ListField(child=serializers.CharField())
    branches = serializers.ListField(child=serializers.UUIDField(), allow_null=True)
    student = serializers.UUIDField(allow_null=True)


class MeOutput(VerifyOutput):
    name = serializers.CharField()
    phone = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)
    profiles = ProfileOutput(many=True)


class MeInput(Input):
    name = serializers.CharField(max_length=120)


class SignInOutput(Output):
    id = serializers.UUIDField()
    device = serializers.CharField()
    ip = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(["admin", "staff", "student"])
    created_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class ResetInput(Input):
    """Either an `email` to have a link sent to, or the `token` of the link with the new `password`."""

    email = serializers.EmailField(max_length=254, required=False)
    token = serializers.CharField(max_length=2000, required=False)
    password = serializers.CharField(max_length=200, trim_whitespace=False, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if set(attrs) not in ({"email"}, {"token", "password"}):
            raise serializers.ValidationError("Give an e-mail address, or a token and a password.", code="one_step")
        return attrs


class UserOutput(Output):
    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(User.State.choices)
    roles = HeldOutput(many=True)
    created_at = serializers.DateTimeField()


class InviteInput(Input):
    email = serializers.EmailField(max_length=254)
    phone = PhoneField(required=False)
    name = serializers.CharField(max_length=120)
    roles = HeldInput(many=True, allow_empty=False)


class UserInput(InviteInput):
    password = serializers.CharField(max_length=200, trim_whitespace=False, required=False)


class UserChangeInput(Input):
    """`roles` replaces all roles held; with none left the person is no longer among the users, yet stays a parent or
    student if they are one."""

    name = serializers.CharField(max_length=120, required=False)
    email = serializers.EmailField(max_length=254, required=False)
    phone = PhoneField(required=False)
    state = serializers.ChoiceField([(User.State.ACTIVE, "Active")], required=False)
    roles = HeldInput(many=True, required=False)


class RoleOutput(Output):
    name = serializers.CharField()
    permissions = serializers.ListField(child=serializers.CharField())


class RolesOutput(Output):
    results = RoleOutput(many=True)
    next = serializers.CharField(allow_null=True)


def caller_id(request: Request) -> UUID:
    """The user behind a request that needed a sign-in."""
    return cast(UUID, actor_of(request).user_id)


def caller_device(request: Request) -> UUID:
    """The sign-in behind a request that needed one."""
    return cast(UUID, actor_of(request).sign_in)


def caller_ip() -> str | None:
    """The address a request comes from, as the proxy saw it."""
    return context.client_ip.get() or None


def device_of(request: Request, given: dict[str, Any]) -> Device:
    """The device a request comes from: the name it gives itself, else its user agent; its address as the proxy saw."""
    name = given.get("device") or request.headers.get("User-Agent", "")
    return Device(name=name[:200], ip=caller_ip())


def tokens_shown(tokens: Tokens) -> dict[str, Any]:
    return {
        "access": tokens.access,
        "refresh": tokens.refresh,
        "expires_in": tokens.expires_in,
        "sign_in": tokens.sign_in,
        "is_new": tokens.is_new,
    }


def enrolment_due_shown(due: EnrolmentDue) -> dict[str, Any]:
    return {"enrolment": due.token, "expires_in": due.expires_in}


def choice_shown(choice: ProfileChoice) -> dict[str, Any]:
    profiles = [{"id": p.id, "name": p.name, "relation": p.relation, "kind": p.kind} for p in choice.profiles]
    return {"profiles": profiles, "selection": choice.selection, "expires_in": choice.expires_in}


def held(roles: list[dict[str, Any]]) -> list[RoleHeld]:
    return [RoleHeld(each["role"], each["branch"]) for each in roles]
