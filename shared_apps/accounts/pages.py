"""Signing in and out in a browser: by password where one works, by a code to the phone where one learns."""

import base64
from typing import Any, ClassVar, cast
from uuid import UUID

import segno
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe

from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse
from kernel.http.pages import PUBLIC, SIGNED_IN, PageRequest, PageView, local_path, onward
from kernel.http.readers import is_partial
from kernel.observe import context
from kernel.tenancy import current

from . import errors, selectors, services, sessions
from .forms import CodeForm, EnrolForm, ForgottenForm, NewPasswordForm, PasswordForm, PhoneForm

# For a page whose address holds a link's secret: nobody is told more than the host. Told nothing at all, browsers would
# send the page's own form as from nowhere, and it would be refused.
REFERRER_POLICY = "strict-origin"
E164_SHOWN = "+91 %s %s"


def device_of(request: HttpRequest) -> services.Device:
    """The browser as the list of devices names it."""
    return services.Device(name=request.headers.get("User-Agent", "")[:200], ip=context.client_ip.get() or None)


def come_in(request: PageRequest, *, sign_in: UUID) -> HttpResponse:
    """Begin the session and go where the person was going."""
    answer = onward(request, local_path(request.POST.get("next", "")))
    sessions.begin(request, answer, sign_in=sign_in)
    return answer


class EntryView(PageView):
    """A page for who is not signed in; whoever is goes home."""

    permission: ClassVar[dict[str, str]] = {"GET": PUBLIC, "POST": PUBLIC}
    template: ClassVar[str]

    def get(self, request: PageRequest) -> HttpResponse:
        if request.actor.is_authenticated:
            return redirect(local_path(request.GET.get("next", "")))
        return self.shown(request, self.form())

    def post(self, request: PageRequest) -> HttpResponse:
        raise NotImplementedError

    def form(self) -> forms.Form:
        raise NotImplementedError

    def shown(self, request: PageRequest, form: forms.Form, **told: Any) -> HttpResponse:
        given = request.POST if request.method == "POST" else request.GET
        told |= {"form": form, "next": local_path(given.get("next", "")), "lapsed": "lapsed" in request.GET}
        status = 422 if form.errors else 200
        return render(request, self.template, told, status=status)


class PasswordSignIn(EntryView):
    """E-mail and password, then the second factor where it is on; an admin without one sets it up here."""

    template = "accounts/sign_in.html"
    when_suspended = True

    def form(self) -> forms.Form:
        return PasswordForm()

    def post(self, request: PageRequest) -> HttpResponse:
        form = PasswordForm(request.POST)
        if not form.is_valid():
            return self._again(request, form)
        given = form.cleaned_data
        try:
            outcome = services.login(
                email=given["email"],
                password=given["password"],
                second_factor=given["second_factor"] or None,
                device=device_of(request),
            )
        except errors.FactorNeeded:
            return self._again(request, form, wants_factor=True)
        except DomainError as error:
            refuse(form, error)
            is_factor = isinstance(error, errors.FactorWrong | errors.FactorLocked)
            return self._again(request, form, wants_factor=is_factor)
        if isinstance(outcome, services.EnrolmentDue):
            return self._enrol(request, outcome.token)
        return come_in(request, sign_in=outcome.sign_in)

    def _again(self, request: PageRequest, form: forms.Form, *, wants_factor: bool = False) -> HttpResponse:
        if not is_partial(request):
            return self.shown(request, form, wants_factor=wants_factor)
        # The password stays in the field where it was typed; only what is new comes.
        status = 422 if form.errors else 200
        told = {"form": form, "wants_factor": wants_factor}
        return render(request, "accounts/sign_in_rest.html", told, status=status)

    @staticmethod
    def _enrol(request: PageRequest, token: str) -> HttpResponse:
        user = cast(UUID, selectors.actor_by_enrolment(token).user_id)
        return enrolment(request, services.factor_enrol(user=user), EnrolForm(initial={"enrolment": token}))


def enrolment(request: PageRequest, made: services.Enrolment, form: forms.Form) -> HttpResponse:
    """The page that shows the secret once, as a picture and as text."""
    drawn = segno.make(made.uri).svg_inline(border=0, dark="#17181c", omitsize=True)
    picture = mark_safe(drawn)  # noqa: S308 - drawn by the library from our own address
    told = {"picture": picture, "secret": made.secret, "next": local_path(request.POST.get("next", ""))}
    template = "accounts/enrol_main.html" if is_partial(request) else "accounts/enrol.html"
    answer = form_page(request, template, form, told)
    answer["HX-Retarget"] = "#entry"  # in place of the form that led here, not within it
    return answer


class Enrolment(PageView):
    """Turns the second factor on and comes in at once: password and code were both just given."""

    permission: ClassVar[dict[str, str]] = {"POST": PUBLIC}
    when_read_only = True

    def post(self, request: PageRequest) -> HttpResponse:
        form = EnrolForm(request.POST)
        form.is_valid()
        user = selectors.actor_by_enrolment(form.cleaned_data.get("enrolment", "")).user_id
        person = selectors.user_by_id(cast(UUID, user))
        if person is None:
            raise errors.TokenInvalid
        try:
            codes = services.factor_confirm(user=person.id, code=form.cleaned_data.get("code", ""))
        except errors.FactorWrong as error:
            refuse(form, error)
            made = services.factor_enrolment(user=person.id)
            return enrolment(request, made, form)
        tokens = services.sign_in_start(user=person, device=device_of(request))
        told = {"codes": codes, "next": local_path(request.POST.get("next", ""))}
        text = "\n".join(codes).encode()
        told["file"] = f"data:text/plain;base64,{base64.b64encode(text).decode()}"
        template = "accounts/recovery_main.html" if is_partial(request) else "accounts/recovery.html"
        answer = render(request, template, told)
        sessions.begin(request, answer, sign_in=tokens.sign_in)
        return answer


class PhoneSignIn(EntryView):
    """The number first; the answer is the same for anyone."""

    template = "accounts/phone.html"
    when_read_only = True

    def form(self) -> forms.Form:
        return PhoneForm()

    def post(self, request: PageRequest) -> HttpResponse:
        form = PhoneForm(request.POST)
        if not form.is_valid():
            return self.shown(request, form)
        address = form.cleaned_data["phone"]
        try:
            sent = services.otp_send(address=address, ip=context.client_ip.get() or None)
        except errors.OtpTooSoon as error:
            # A code is on its way already: the person goes on to type it.
            sent = services.OtpSent(resend_in=error.data["retry_after"])
        except DomainError as error:
            refuse(form, error)
            return self.shown(request, form)
        return code_page(request, CodeForm(initial={"phone": address}), address=address, resend_in=sent.resend_in)


def code_page(request: PageRequest, form: forms.Form, *, address: str, resend_in: int, **told: Any) -> HttpResponse:
    """Where the code is typed."""
    shown = E164_SHOWN % (address[3:8], address[8:]) if address.startswith("+91") else address
    told |= {"form": form, "address": address, "shown": shown, "resend_in": resend_in}
    told["next"] = local_path(request.POST.get("next", ""))
    return form_page(request, "accounts/code.html", form, told)


class CodeSignIn(PageView):
    """The code, and where it stands for several the choice of whom to act for."""

    permission: ClassVar[dict[str, str]] = {"POST": PUBLIC}
    when_read_only = True

    def post(self, request: PageRequest) -> HttpResponse:
        form = CodeForm(request.POST)
        address = request.POST.get("phone", "")
        if not form.is_valid():
            return code_page(request, form, address=address, resend_in=0)
        given = form.cleaned_data
        try:
            outcome = services.otp_verify(
                address=given["phone"],
                code=given["code"],
                second_factor=given["second_factor"] or None,
                device=device_of(request),
            )
        except errors.FactorNeeded:
            return code_page(request, form, address=address, resend_in=0, wants_factor=True)
        except DomainError as error:
            if error.field is None and isinstance(error, errors.OtpWrong | errors.OtpVoid):
                error.field = "code"
            refuse(form, error)
            is_factor = isinstance(error, errors.FactorWrong | errors.FactorLocked)
            return code_page(request, form, address=address, resend_in=0, wants_factor=is_factor)
        if isinstance(outcome, services.ProfileChoice):
            told = {"choice": outcome, "next": local_path(request.POST.get("next", ""))}
            return render(request, "accounts/profiles.html", told)
        return come_in(request, sign_in=outcome.sign_in)


class ProfileSignIn(PageView):
    """Whom to act for, of those a right code stands for."""

    permission: ClassVar[dict[str, str]] = {"POST": PUBLIC}
    when_read_only = True

    def post(self, request: PageRequest) -> HttpResponse:
        try:
            profile = UUID(request.POST.get("profile", ""))
        except ValueError as error:
            raise errors.ProfileUnknown(field="profile") from error
        tokens = services.profile_select(
            selection=request.POST.get("selection", ""),
            profile=profile,
            second_factor=request.POST.get("second_factor") or None,
            device=device_of(request),
        )
        return come_in(request, sign_in=tokens.sign_in)


class SignOut(PageView):
    """Ends this browser's sign-in, with its tokens and sockets."""

    permission: ClassVar[dict[str, str]] = {"POST": SIGNED_IN}
    when_suspended = True

    def post(self, request: PageRequest) -> HttpResponse:
        sessions.end(request)
        answer = onward(request, "/sign-in")
        sessions.forget(answer)
        return answer


class Forgotten(EntryView):
    """Has a link to choose a password mailed; says the same to anyone."""

    template = "accounts/forgotten.html"
    when_suspended = True

    def form(self) -> forms.Form:
        return ForgottenForm()

    def post(self, request: PageRequest) -> HttpResponse:
        form = ForgottenForm(request.POST)
        if not form.is_valid():
            return self.shown(request, form)
        try:
            services.password_link_send(email=form.cleaned_data["email"], ip=context.client_ip.get() or None)
        except DomainError as error:
            refuse(form, error)
            return self.shown(request, form)
        return self.shown(request, form, sent_to=form.cleaned_data["email"])


class NewPassword(PageView):
    """Where the mailed link leads: a password is chosen, an invitation accepted."""

    permission: ClassVar[dict[str, str]] = {"GET": PUBLIC, "POST": PUBLIC}
    when_suspended = True

    def get(self, request: PageRequest) -> HttpResponse:
        return self._shown(request, NewPasswordForm(initial={"token": request.GET.get("token", "")}))

    def post(self, request: PageRequest) -> HttpResponse:
        form = NewPasswordForm(request.POST)
        if not form.is_valid():
            return self._shown(request, form)
        try:
            services.password_set_by_link(token=form.cleaned_data["token"], password=form.cleaned_data["password"])
        except errors.PasswordWeak as error:
            refuse(form, error)
            return self._shown(request, form)
        return render(request, "accounts/password_set.html", {"sign_in": staff_entry()})

    @staticmethod
    def _shown(request: PageRequest, form: forms.Form) -> HttpResponse:
        answer = form_page(request, "accounts/password.html", form)
        answer["Referrer-Policy"] = REFERRER_POLICY
        return answer


def staff_entry() -> str:
    """Where one signs in by password on this host."""
    return "/sign-in" if current().is_platform else "/sign-in/staff"
