"""Plans: what is offered, who has taken it, and changing an offer."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kernel.http.forms import form_page
from kernel.http.lookup import found
from kernel.http.pages import PageRequest, PageView
from kernel.money import paise_of, rupees
from shared_apps.console import services, words
from shared_apps.console.forms import PlanForm
from shared_apps.plans import selectors as plans


class Plans(PageView):
    """Every offer side by side, with how many have taken it."""

    permission = {"GET": "plans.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        taken = plans.takers()
        shown = [
            {
                "plan": plan,
                "takers": taken.get(plan.code, 0),
                "limits": [(words.QUOTAS.get(name, name), limit) for name, limit in plan.limits.items()],
                "features": [(label, code in plan.features) for code, label in words.FEATURES.items()],
            }
            for plan in plans.plans(request.actor).order_by("position", "code")
        ]
        return render(request, "console/plans.html", {"plans": shown})


class Plan(PageView):
    """One offer, changed: whoever has taken it keeps the limits they were given."""

    permission = {"GET": "plans.change", "POST": "plans.change"}

    def get(self, request: PageRequest, code: str) -> HttpResponse:
        plan = found(plans.plans(request.actor), code=code)
        first = {
            "name": plan.name,
            "trial_days": plan.trial_days,
            "monthly": rupees(plan.monthly_paise),
            "yearly": rupees(plan.yearly_paise),
            "features": plan.features,
            "public": plan.public,
        }
        return self._shown(request, plan, PlanForm(initial=first, limits=plan.limits))

    def post(self, request: PageRequest, code: str) -> HttpResponse:
        plan = found(plans.plans(request.actor), code=code)
        form = PlanForm(request.POST, limits=plan.limits)
        if not form.is_valid():
            return self._shown(request, plan, form)
        if services.plan_edit(code=code, **self._changes(form)):
            messages.success(request, _("The offer is changed."))
        return redirect("page_plans")

    @staticmethod
    def _changes(form: PlanForm) -> dict[str, Any]:
        given = form.cleaned_data
        return {
            "name": given["name"],
            "trial_days": given["trial_days"],
            "monthly_paise": paise_of(given["monthly"]),
            "yearly_paise": paise_of(given["yearly"]),
            "limits": {name: given[name] for name in form.limits},
            "features": [code for code in words.FEATURES if code in given["features"]],
            "public": given["public"],
        }

    @staticmethod
    def _shown(request: PageRequest, plan: Any, form: PlanForm) -> HttpResponse:
        told = {"plan": plan, "takers": plans.takers().get(plan.code, 0)}
        return form_page(request, "console/plan.html", form, told)
