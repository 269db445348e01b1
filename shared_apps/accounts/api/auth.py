"""Signing in and out, one's own profile, one's own devices.

What stays open `when_suspended` is what staff need to reach the platform's invoice.
"""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.http.errors import NotFound
from kernel.http.schema import api
from kernel.http.views import PUBLIC, SIGNED_IN, ApiView, rows

from .. import errors, selectors, services
from ..profiles import profiles_of
from . import shapes

_FACTOR = [errors.FactorNeeded, errors.FactorWrong, errors.FactorLocked]


class OpenView(ApiView):
    """A door for people who are not signed in: a token that came along is not looked at."""

    authentication_classes = ()
    permission = {"POST": PUBLIC}
    when_read_only = True


class Login(OpenView):
    hosts = "both"
    when_suspended = True

    @api(
        "Sign in by e-mail and password, with a code where the second factor is on; an admin without one is let set it up",
        request=shapes.LoginInput,
        responses=PolymorphicProxySerializer(
            "SignedInOrEnrolment", [shapes.TokensOutput, shapes.EnrolmentDueOutput], resource_type_field_name=None
        ),
        errors=[errors.CredentialsWrong, errors.LoginLocked, errors.ProfileUnknown, *_FACTOR],
    )
    def post(self, request: Request) -> Response:
        given = shapes.LoginInput.parse(request)
        device = shapes.device_of(request, given)
        outcome = services.login(
            email=given["email"],
            password=given["password"],
            second_factor=given.get("second_factor"),
            profile=given.get("profile"),
            device=device,
        )
        if isinstance(outcome, services.EnrolmentDue):
            return Response(shapes.enrolment_due_shown(outcome))
        return Response(shapes.tokens_shown(outcome))


class Refresh(OpenView):
    hosts = "both"
    when_suspended = True

    @api(
        "Swap a refresh token for a new pair; using one twice ends the sign-in",
        request=shapes.RefreshInput,
        responses=shapes.TokensOutput,
        errors=[errors.TokenInvalid, errors.TokenExpired, errors.SignedOut],
    )
    def post(self, request: Request) -> Response:
        given = shapes.RefreshInput.parse(request)
        tokens = services.sign_in_refresh(refresh=given["refresh"], device=shapes.device_of(request, {}))
        return Response(shapes.tokens_shown(tokens))


class SendOtp(OpenView):
    @api(
        "Have a six-digit code sent; the answer is the same for anyone",
        request=shapes.AddressInput,
        responses=shapes.OtpSentOutput,
        errors=[errors.OtpTooSoon, errors.OtpTooMany],
    )
    def post(self, request: Request) -> Response:
        given = shapes.AddressInput.parse(request)
        sent = services.otp_send(address=given["address"], ip=shapes.caller_ip())
        return Response({"expires_in": sent.expires_in, "resend_in": sent.resend_in})


class ResendOtp(SendOtp):
    """Another name for the same: a new code takes the place of the last."""


class VerifyOtp(OpenView):
    @api(
        "Trade a code for tokens, or for a choice of profiles; then the choice for tokens",
        request=shapes.VerifyOtpInput,
        responses=PolymorphicProxySerializer(
            "SignedInOrChoice", [shapes.TokensOutput, shapes.ProfileChoiceOutput], resource_type_field_name=None
        ),
        errors=[errors.OtpWrong, errors.OtpVoid, errors.SelectionUsed, errors.ProfileUnknown, *_FACTOR],
    )
    def post(self, request: Request) -> Response:
        given = shapes.VerifyOtpInput.parse(request)
        device = shapes.device_of(request, given)
        if "selection" in given:
            tokens = services.profile_select(
                selection=given["selection"],
                profile=given["profile"],
                second_factor=given.get("second_factor"),
                device=device,
            )
            return Response(shapes.tokens_shown(tokens))
        outcome = services.otp_verify(
            address=given["address"],
            code=given["code"],
            second_factor=given.get("second_factor"),
            profile=given.get("profile"),
            device=device,
        )
        if isinstance(outcome, services.Tokens):
            return Response(shapes.tokens_shown(outcome))
        return Response(shapes.choice_shown(outcome))


class PasswordReset(OpenView):
    hosts = "both"
    when_suspended = True

    @api(
        "Ask for a link to choose a password, or choose it with the link's token",
        request=shapes.ResetInput,
        responses={204: None},
        errors=[errors.LinkVoid, errors.PasswordWeak, errors.OtpTooSoon, errors.OtpTooMany],
    )
    def post(self, request: Request) -> Response:
        given = shapes.ResetInput.parse(request)
        if "email" in given:
            services.password_link_send(email=given["email"], ip=shapes.caller_ip())
        else:
            services.password_set_by_link(token=given["token"], password=given["password"])
        return Response(status=204)


class Verify(ApiView):
    hosts = "both"
    when_suspended = True
    permission = {"POST": SIGNED_IN}

    @api("Whom the access token stands for, as of now", responses=shapes.VerifyOutput)
    def post(self, request: Request) -> Response:
        return Response(shapes.VerifyOutput(request.user).data)


class Logout(ApiView):
    hosts = "both"
    when_suspended = True
    permission = {"POST": SIGNED_IN}

    @api("End this sign-in: both tokens and its sockets stop at once", responses={204: None})
    def post(self, request: Request) -> Response:
        services.sign_in_end(sign_in=shapes.caller_device(request))
        return Response(status=204)


class Me(ApiView):
    hosts = "both"
    when_suspended = True
    permission = {"GET": SIGNED_IN, "PATCH": SIGNED_IN}

    @api("Oneself", responses=shapes.MeOutput)
    def get(self, request: Request) -> Response:
        return Response(self._shown(request))

    @api("Change one's name", request=shapes.MeInput, responses=shapes.MeOutput)
    def patch(self, request: Request) -> Response:
        given = shapes.MeInput.parse(request)
        services.profile_change(user=shapes.caller_id(request), name=given["name"])
        return Response(self._shown(request))

    @staticmethod
    def _shown(request: Request) -> dict[str, Any]:
        user = selectors.user_by_id(shapes.caller_id(request))
        if user is None:
            raise errors.SignedOut
        return {
            **shapes.VerifyOutput(request.user).data,
            "name": user.name,
            "phone": user.phone,
            "email": user.email,
            "profiles": shapes.ProfileOutput(profiles_of(user.id), many=True).data,
        }


class Devices(ApiView):
    hosts = "both"
    permission = {"GET": SIGNED_IN}

    @api("The devices one is signed in on", responses=shapes.SignInOutput(many=True))
    def get(self, request: Request) -> Any:
        return rows(selectors.sign_ins_live(shapes.caller_id(request)), shapes.SignInOutput, request)


class Device(ApiView):
    hosts = "both"
    permission = {"DELETE": SIGNED_IN}
    when_read_only = True

    @api("Sign a device of one's own out", responses={204: None}, errors=[NotFound])
    def delete(self, request: Request, sign_in: UUID) -> Response:
        if not services.sign_in_revoke(user=shapes.caller_id(request), sign_in=sign_in):
            raise NotFound
        return Response(status=204)
