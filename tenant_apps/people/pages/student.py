"""One student: everything that is known, what can be done, and the forms by which they are added and changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import DomainError, NotFound
from kernel.http.errors import Changed
from kernel.http.forms import form_page, refuse, words_of
from kernel.http.lookup import found
from kernel.http.pages import PageRequest, PageView
from kernel.http.readers import is_partial
from kernel.phone import phone
from tenant_apps.people import dossier, selectors, services
from tenant_apps.people.drafts import draft_of
from tenant_apps.people.errors import StudentExists
from tenant_apps.people.forms import RELATION_WORDS, GuardianForm, ReasonForm, StudentForm, filled_from
from tenant_apps.people.models import Branch, Student
from tenant_apps.people.pages.students import staff_only


def _branches(request: PageRequest) -> list[Branch]:
    return list(selectors.branches_visible(request.actor).filter(state=Branch.State.OPEN).order_by("name"))


class NewStudent(PageView):
    """Adds one student."""

    permission = {"GET": "people.add", "POST": "people.add"}

    def get(self, request: PageRequest) -> HttpResponse:
        return _form_page(request, StudentForm(branches=_branches(request), initial={"joined_on": clock.today()}))

    def post(self, request: PageRequest) -> HttpResponse:
        form = StudentForm(request.POST, branches=_branches(request))
        if not form.is_valid():
            return _form_page(request, form)
        try:
            branch = selectors.branch_chosen(request.actor, form.chosen_branch)
            made = services.student_create(draft=draft_of(form.facts), branch=branch)
        except DomainError as error:
            twin = _twin(request, form.facts, error)
            refuse(form, error)
            return _form_page(request, form, twin=twin)
        messages.success(request, _("%(name)s is added as %(code)s.") % {"name": made.name, "code": made.code})
        if "again" in request.POST:
            return redirect("page_student_new")
        return redirect("page_student", made.id)


class EditStudent(PageView):
    """Changes what is known of one student."""

    permission = {"GET": "people.change", "POST": "people.change"}

    def get(self, request: PageRequest, student: UUID) -> HttpResponse:
        row = selectors.student_get(request.actor, student)
        form = StudentForm(branches=self._choice(request, row), is_new=False, initial=filled_from(row))
        return _form_page(request, form, row=row)

    def post(self, request: PageRequest, student: UUID) -> HttpResponse:
        row = selectors.student_get(request.actor, student)
        form = StudentForm(request.POST, branches=self._choice(request, row), is_new=False)
        if not form.is_valid():
            return _form_page(request, form, row=row)

        def unchanged() -> None:
            now = Student.objects.values_list("updated_at", flat=True).get(id=student)
            if form.cleaned_data["version"] != now.isoformat():
                raise Changed

        try:
            services.student_change(
                student=student,
                changes=form.facts,
                branch=selectors.branch_chosen(request.actor, form.chosen_branch),
                check=unchanged,
            )
        except DomainError as error:
            twin = _twin(request, form.facts, error)
            refuse(form, error)
            return _form_page(request, form, row=row, twin=twin)
        messages.success(request, _("Saved."))
        return redirect("page_student", student)

    @staticmethod
    def _choice(request: PageRequest, row: Student) -> list[Branch]:
        """The open branches, and the one the student is in whatever its state."""
        mine = _branches(request)
        return mine if any(one.id == row.branch_id for one in mine) else [row.branch, *mine]


def _twin(request: PageRequest, facts: dict[str, str], error: DomainError) -> Student | None:
    """Who is there already, for whoever may see them."""
    if not isinstance(error, StudentExists):
        return None
    draft = draft_of(facts)
    same = selectors.students_visible(request.actor).exclude(state=Student.State.LEFT)
    return same.filter(phone=draft.phone, guardian_phone=draft.guardian_phone, name__iexact=draft.name).first()


def _form_page(
    request: PageRequest, form: StudentForm, *, row: Student | None = None, twin: Student | None = None
) -> HttpResponse:
    told = {"form": form, "student": row, "twin": twin, "no_branch": not form.fields["branch"].choices[-1][0]}  # type: ignore[attr-defined]
    return form_page(request, "people/student_form.html", form, told)


class StudentPage(PageView):
    """Everything about one student, a tab for each app's part; the timeline holds it all."""

    permission = {"GET": "people.view"}

    def get(self, request: PageRequest, student: UUID) -> HttpResponse:
        staff_only(request)
        if is_partial(request) and "onward" in request.GET:
            return render(request, "people/timeline.html", _timeline(request, student))
        return student_page(request, student)


def student_page(
    request: PageRequest,
    student: UUID,
    *,
    tab: str = "",
    reason: ReasonForm | None = None,
    guardian: GuardianForm | None = None,
    refusal: DomainError | None = None,
) -> HttpResponse:
    """The page, with a form or a refusal to show when something was tried."""
    row = found(selectors.students_listed(request.actor).select_related("branch", "imported"), id=student)
    actor = request.actor
    parts = dossier.parts_for(actor)
    tabs = [part for part in parts if part.template]
    wanted = tab or request.GET.get("tab", "")
    part = next((one for one in tabs if one.name == wanted), None)
    told: dict[str, Any] = {
        "student": row,
        "tabs": tabs,
        "tab": part.name if part else "guardians" if wanted == "guardians" and actor.can("people.phones") else "",
        "part": part,
        "reason": reason or ReasonForm(),
        "is_suspending": reason is not None,
        "guardian_form": guardian or GuardianForm(),
        "refusal": words_of(refusal) if refusal else "",
        "relation": RELATION_WORDS.get(row.guardian_relation, ""),
    }
    if part is not None and part.told is not None:
        told |= part.told(actor, row.id)
    elif told["tab"] == "guardians":
        told["accesses"] = _accesses(request, row)
    else:
        told |= {"figures": [figure for one in parts if one.figures for figure in one.figures(actor, row.id)]}
        told |= {"kinds": [one for one in parts if one.entries]} | _timeline(request, row.id)
    forms_tried = [form for form in (reason, guardian) if form is not None and form.errors]
    status = refusal.status if refusal else 422 if forms_tried else 200
    return render(request, "people/student.html", told, status=status)


def _accesses(request: PageRequest, row: Student) -> list[Any]:
    accesses: list[Any] = list(selectors.accesses_of(request.actor, row.id).select_related("user").order_by("id"))
    for one in accesses:
        one.word = RELATION_WORDS.get(one.relation, one.relation)
        one.is_written = one.user.phone in {row.phone, row.guardian_phone}
    return accesses


def _timeline(request: PageRequest, student: UUID) -> dict[str, Any]:
    """A stretch of what happened; the student is one the reader may see."""
    row = selectors.student_get(request.actor, student) if is_partial(request) else None
    kind = request.GET.get("kind", "")
    stretch = dossier.timeline(request.actor, student, kind=kind, onward=request.GET.get("onward", ""))
    address = reverse("page_student", args=[student])
    return {"stretch": stretch, "kind": kind, "address": address} | ({"student": row} if row else {})


class Suspend(PageView):
    """Keep a student out until reactivated; a reason is asked for."""

    permission = {"POST": "people.change"}

    def post(self, request: PageRequest, student: UUID) -> HttpResponse:
        row = selectors.student_get(request.actor, student)
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return student_page(request, student, reason=form)
        services.student_suspend(student=row.id, reason=form.cleaned_data["reason"])
        messages.success(request, _("%(name)s is suspended.") % {"name": row.name})
        return redirect("page_student", student)


class Reactivate(PageView):
    """Let a suspended student, or one who left, back in."""

    permission = {"POST": "people.change"}

    def post(self, request: PageRequest, student: UUID) -> HttpResponse:
        row = selectors.student_get(request.actor, student)
        try:
            services.student_reactivate(student=row.id)
        except DomainError as error:
            return student_page(request, student, refusal=error)
        messages.success(request, _("%(name)s is active again.") % {"name": row.name})
        return redirect("page_student", student)


class Remove(PageView):
    """Remove a student; one with a history is kept as having left."""

    permission = {"POST": "people.remove"}

    def post(self, request: PageRequest, student: UUID) -> HttpResponse:
        row = selectors.student_get(request.actor, student)
        if request.POST.get("confirm", "").strip() != row.code:
            raise NotFound
        services.student_delete(student=row.id)
        if Student.objects.filter(id=student).exists():
            messages.success(request, _("%(name)s has left. Their history is kept.") % {"name": row.name})
            return redirect("page_student", student)
        messages.success(request, _("%(name)s is removed.") % {"name": row.name})
        return redirect("page_students")


class Guardians(PageView):
    """Let one more person sign in for a student."""

    permission = {"POST": "people.change"}

    def post(self, request: PageRequest, student: UUID) -> HttpResponse:
        row = selectors.student_get(request.actor, student)
        form = GuardianForm(request.POST)
        if form.is_valid():
            given = form.cleaned_data
            try:
                number = phone(given["phone"])
                services.guardian_add(student=row.id, name=given["name"], phone=number, relation=given["relation"])
            except DomainError as error:
                refuse(form, error)
        if form.errors:
            return student_page(request, student, tab="guardians", guardian=form)
        messages.success(
            request, _("%(name)s can sign in for %(student)s now.") % {"name": given["name"], "student": row.name}
        )
        return redirect(f"{reverse('page_student', args=[student])}?tab=guardians")


class GuardianRemove(PageView):
    """End a person's access to a student."""

    permission = {"POST": "people.change"}

    def post(self, request: PageRequest, student: UUID, access: UUID) -> HttpResponse:
        row = selectors.student_get(request.actor, student)
        try:
            services.guardian_remove(student=row.id, access=access)
        except DomainError as error:
            return student_page(request, student, tab="guardians", refusal=error)
        messages.success(request, _("Their access is ended."))
        return redirect(f"{reverse('page_student', args=[student])}?tab=guardians")
