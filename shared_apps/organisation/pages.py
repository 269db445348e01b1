"""Settings of a business: what it is called, who it is in law, how it looks; and how far its set-up has come."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kernel.errors import DomainError, NotFound
from kernel.http.forms import form_page, refuse
from kernel.http.pages import PUBLIC, PageRequest, PageView
from shared_apps.files import services as files
from shared_apps.organisation import colours, selectors, services, setup
from shared_apps.organisation.errors import ColourInvalid
from shared_apps.organisation.forms import BrandForm, LogoForm, OrganisationForm

# What an address with a version in it answers never changes.
KEPT = "public, max-age=31536000, immutable"
PLAIN = "3a3db0"


class Organisation(PageView):
    """Name, law, language and time zone."""

    permission = {"GET": "organisation.view", "POST": "organisation.change"}

    def get(self, request: PageRequest) -> HttpResponse:
        row, business = selectors.profile(), request.business
        known: dict[str, Any] = {"name": business.name, "zone": business.zone, "language": business.language}
        known |= {name: getattr(row, name) for name in ("legal_name", "gstin", "address", "phone", "email")}
        return self._shown(request, OrganisationForm(initial=known, zone=business.zone))

    def post(self, request: PageRequest) -> HttpResponse:
        form = OrganisationForm(request.POST, zone=request.business.zone)
        if not form.is_valid():
            return self._shown(request, form)
        given = form.cleaned_data
        shown = {name: given.pop(name) for name in ("name", "zone", "language")}
        try:
            services.profile_save(**given)
            services.presentation_save(**shown)
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, form)
        messages.success(request, _("Your settings are saved."))
        return redirect("page_organisation")

    @staticmethod
    def _shown(request: PageRequest, form: forms.Form) -> HttpResponse:
        return form_page(request, "organisation/organisation.html", form)


class Brand(PageView):
    """Colour and logo."""

    permission = {"GET": "organisation.view", "POST": "organisation.change"}

    def get(self, request: PageRequest) -> HttpResponse:
        return brand_page(request)

    def post(self, request: PageRequest) -> HttpResponse:
        form = BrandForm(request.POST)
        if not form.is_valid() and "plain" not in request.POST:
            return brand_page(request, form=form)
        try:
            services.brand_save(colour="" if "plain" in request.POST else form.cleaned_data["colour"])
        except DomainError as error:
            refuse(form, error)
            return brand_page(request, form=form)
        messages.success(request, _("Your colour is on every page now."))
        return redirect("page_organisation_brand")


def brand_page(request: PageRequest, *, form: forms.Form | None = None, logo: forms.Form | None = None) -> HttpResponse:
    """The page, with a form to show again when something was refused."""
    colour = request.business.brand or PLAIN
    told = {
        "form": form or BrandForm(initial={"colour": f"#{colour}"}),
        "logo": logo or LogoForm(),
        "palette": colours.palette(colour),
    }
    return render(request, "organisation/brand.html", told, status=422 if form or logo else 200)


class BrandPreview(PageView):
    """How a colour would look, shown while it is chosen."""

    permission = {"GET": "organisation.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        colour = request.GET.get("colour", "").lower().removeprefix("#")
        if not colours.is_colour(colour):
            raise ColourInvalid
        return render(request, "organisation/brand_preview.html", {"palette": colours.palette(colour)})


class Logo(PageView):
    """Takes a picture as the logo, or takes the logo away."""

    permission = {"POST": "organisation.change"}

    def post(self, request: PageRequest) -> HttpResponse:
        try:
            if "remove" in request.POST:
                services.logo_remove()
                messages.success(request, _("The logo is removed."))
                return redirect("page_organisation_brand")
            form = LogoForm(request.POST, request.FILES)
            if not form.is_valid():
                return brand_page(request, logo=form)
            picture = form.cleaned_data["logo"]
            services.logo_save(name=picture.name, body=picture.file, size=picture.size, owner=request.actor.user_id)
        except DomainError as error:
            form = LogoForm(request.POST, request.FILES)
            refuse(form, error)
            return brand_page(request, logo=form)
        messages.success(request, _("Your logo is on every page now."))
        return redirect("page_organisation_brand")


class BrandStylesheet(PageView):
    """The design system's tokens in the colour its address names; every page of the business asks for it once."""

    permission = {"GET": PUBLIC}
    when_suspended = True

    def get(self, request: PageRequest) -> HttpResponse:
        colour = request.GET.get("v", "")
        if not colours.is_colour(colour):
            raise NotFound
        return HttpResponse(colours.stylesheet(colour), "text/css; charset=utf-8", headers={"Cache-Control": KEPT})


class LogoPicture(PageView):
    """The logo itself, for anyone who comes to the business's door."""

    permission = {"GET": PUBLIC}
    when_suspended = True

    def get(self, request: PageRequest) -> HttpResponse:
        logo = request.business.logo
        if not logo or request.GET.get("v") != logo:
            raise NotFound
        with files.file_open(UUID(logo)) as pieces:
            body = b"".join(pieces)
        return HttpResponse(body, services.picture_kind(body), headers={"Cache-Control": KEPT})


class Setup(PageView):
    """All steps of the set-up; each may be put aside and taken up again."""

    permission = {"GET": "organisation.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        return render(request, "organisation/setup.html", {"checklist": setup.checklist(request.actor)})


class SetupSkip(PageView):
    """Puts a step aside, or takes it up again."""

    permission = {"POST": "organisation.change"}

    def post(self, request: PageRequest, step: str) -> HttpResponse:
        services.setup_skip(step=step, is_skipped="again" not in request.POST)
        return redirect("page_setup")
