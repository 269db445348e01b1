"""One's own second factor: set up, confirmed by a first code, turned off, and the codes for the day the app is lost."""

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.http.schema import api
from kernel.http.views import SIGNED_IN, ApiView

from .. import errors, selectors, services
from ..authentication import EnrolmentAuthentication
from . import shapes

_CODE = [errors.FactorAbsent, errors.FactorWrong, errors.FactorLocked]


class Factor(ApiView):
    hosts = "both"
    when_suspended = True
    permission = {"GET": SIGNED_IN}

    @api("Whether one's second factor is on", responses=shapes.FactorOutput)
    def get(self, request: Request) -> Response:
        user = shapes.caller_id(request)
        factor = selectors.second_factor_of(user)
        shown = {
            "is_on": factor is not None,
            "is_required": services.factor_required(),
            "since": factor and factor.confirmed_at,
            "recovery_codes_left": selectors.recovery_codes_left(user),
        }
        return Response(shapes.FactorOutput(shown).data)


class Enrol(ApiView):
    hosts = "both"
    when_suspended = True
    authentication_classes = (EnrolmentAuthentication,)
    permission = {"POST": SIGNED_IN}

    @api("Get a secret for an authenticator app", responses=shapes.EnrolmentOutput, errors=[errors.FactorOn])
    def post(self, request: Request) -> Response:
        enrolment = services.factor_enrol(user=shapes.caller_id(request))
        return Response({"secret": enrolment.secret, "uri": enrolment.uri})


class Confirm(ApiView):
    hosts = "both"
    when_suspended = True
    authentication_classes = (EnrolmentAuthentication,)
    permission = {"POST": SIGNED_IN}

    @api(
        "Turn the second factor on by the app's first code; answers the recovery codes",
        request=shapes.FactorCodeInput,
        responses=shapes.RecoveryCodesOutput,
        errors=[errors.FactorOn, *_CODE],
    )
    def post(self, request: Request) -> Response:
        given = shapes.FactorCodeInput.parse(request)
        codes = services.factor_confirm(user=shapes.caller_id(request), code=given["code"])
        return Response({"recovery_codes": codes})


class Disable(ApiView):
    hosts = "both"
    when_suspended = True
    permission = {"POST": SIGNED_IN}

    @api(
        "Turn the second factor off by a code; where it is required, that ends every sign-in",
        request=shapes.FactorCodeInput,
        responses={204: None},
        errors=_CODE,
    )
    def post(self, request: Request) -> Response:
        given = shapes.FactorCodeInput.parse(request)
        services.factor_disable(user=shapes.caller_id(request), code=given["code"])
        return Response(status=204)


class RecoveryCodes(ApiView):
    hosts = "both"
    when_suspended = True
    permission = {"POST": SIGNED_IN}

    @api(
        "Ten new recovery codes in place of all others, for a code",
        request=shapes.FactorCodeInput,
        responses=shapes.RecoveryCodesOutput,
        errors=_CODE,
    )
    def post(self, request: Request) -> Response:
        given = shapes.FactorCodeInput.parse(request)
        codes = services.recovery_codes_renew(user=shapes.caller_id(request), code=given["code"])
        return Response({"recovery_codes": codes})
