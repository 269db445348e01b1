"""The list of students: found, sorted, chosen, changed many at once, kept as a view, taken away as a file."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel.errors import DomainError, NotFound
from kernel.http.errors import Forbidden
from kernel.http.forms import refuse, words_of
from kernel.http.pages import PageRequest, PageView
from kernel.jobs.errors import JobUnknown
from kernel.jobs.progress import tray
from kernel.jobs.progress.selectors import progress_of
from kernel.tenancy.states import Door
from shared_apps.files import services as files
from tenant_apps.people import exports, selectors, services
from tenant_apps.people.forms import ViewForm
from tenant_apps.people.models import Student
from tenant_apps.people.search import SORTS, Search, choices, students_searched

A_PAGE = 25
SIZES = (25, 50, 100, 200)


def staff_only(request: PageRequest) -> None:
    """Students hold `people.view` for themselves; the lists of others are not theirs. Raises Forbidden."""
    if request.actor.kind == "student":
        raise Forbidden(permission="people.view")


def ids_of(given: QueryDict, name: str = "student") -> list[UUID]:
    """The ids that were chosen; what is none is passed over."""
    found = []
    for text in given.getlist(name):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


class Students(PageView):
    """The students of one's branches; what is searched, filtered and sorted stands in the address."""

    permission = {"GET": "people.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        staff_only(request)
        return list_page(request)


def list_page(
    request: PageRequest, *, form: ViewForm | None = None, refusal: DomainError | None = None
) -> HttpResponse:
    """The list, with a form or a refusal to show when something was tried."""
    given = request.GET if request.method == "GET" else QueryDict(request.POST.get("query", ""))
    search = Search.of(given.dict())
    found = students_searched(request.actor, search).select_related("branch")
    size = int(given.get("size", "")) if given.get("size", "") in map(str, SIZES) else A_PAGE
    views = list(selectors.views_of(request.actor))
    told = {
        "page": Paginator(found, size).get_page(given.get("page")),
        "search": search,
        "size": size,
        "sizes": SIZES,
        "sorts": SORTS,
        "choices": choices(request.actor),
        "branches": list(selectors.branches_visible(request.actor).order_by("name").only("id", "name", "code")),
        "views": views,
        "is_saved": any(view.query == search.query for view in views),
        "states": Student.State.values,
        "is_filtered": bool(search.filters),
        "form": form or ViewForm(initial={"query": search.query}),
        "is_naming": form is not None,
        "refusal": words_of(refusal) if refusal else "",
    }
    status = refusal.status if refusal else 422 if form and form.errors else 200
    return render(request, "people/students.html", told, status=status)


class Bulk(PageView):
    """Suspend or reactivate the chosen students."""

    permission = {"POST": "people.change"}

    def post(self, request: PageRequest) -> HttpResponse:
        chosen = ids_of(request.POST)
        action = request.POST.get("action", "")
        mine = list(selectors.students_visible(request.actor).filter(id__in=chosen[:500]).values_list("id", flat=True))
        if len(mine) != len(set(chosen)) or action not in {"suspend", "reactivate"}:
            raise NotFound
        to = Student.State.SUSPENDED if action == "suspend" else Student.State.ACTIVE
        try:
            count = services.students_move(students=mine, to=to, reason=request.POST.get("reason", "").strip()[:200])
        except DomainError as error:
            return list_page(request, refusal=error)
        if to == Student.State.SUSPENDED:
            said = ngettext("%(n)s student is suspended.", "%(n)s students are suspended.", count)
        else:
            said = ngettext("%(n)s student is active again.", "%(n)s students are active again.", count)
        messages.success(request, said % {"n": count} if count else _("Nothing was to be changed."))
        return _back(request)


def _back(request: PageRequest) -> HttpResponse:
    """To the list as it was."""
    answer = redirect("page_students")
    search = Search.of_query(request.POST.get("query", ""))
    if search.query:
        answer["Location"] += f"?{search.query}"
    return answer


class Views(PageView):
    """Keep a search under a name."""

    permission = {"POST": "people.view"}

    def post(self, request: PageRequest) -> HttpResponse:
        staff_only(request)
        form = ViewForm(request.POST)
        if form.is_valid() and request.actor.user_id:
            query = Search.of_query(form.cleaned_data["query"]).query
            try:
                services.view_save(user=request.actor.user_id, name=form.cleaned_data["name"], query=query)
            except DomainError as error:
                refuse(form, error)
        if form.errors:
            return list_page(request, form=form)
        messages.success(request, _("The view is saved. You find it above the list."))
        return _back(request)


class ViewDelete(PageView):
    """Forget one of one's own views."""

    permission = {"POST": "people.view"}

    def post(self, request: PageRequest, view: UUID) -> HttpResponse:
        staff_only(request)
        if request.actor.user_id is None or not selectors.views_of(request.actor).filter(id=view).exists():
            raise NotFound
        services.view_delete(user=request.actor.user_id, view=view)
        messages.success(request, _("The view is deleted."))
        return redirect("page_students")


class Export(PageView):
    """The list, or the chosen of it, as a file: CSV at once, a workbook by a job."""

    permission = {"GET": "people.export", "POST": "people.export"}
    door = Door.EXPORTS

    def get(self, request: PageRequest) -> HttpResponseBase:
        return exports.csv_streamed(request.actor, Search.of(request.GET.dict()), [])

    def post(self, request: PageRequest) -> HttpResponseBase:
        search, chosen = Search.of_query(request.POST.get("query", "")), ids_of(request.POST)
        if request.POST.get("format") != "xlsx":
            return exports.csv_streamed(request.actor, search, chosen)
        work = exports.export_start(actor=request.actor, search=search, chosen=chosen)
        answer = redirect("page_job", work)
        tray.follow(request, answer, work)
        return answer


class ExportFile(PageView):
    """The workbook of an export, by an address that lasts five minutes."""

    permission = {"GET": "people.export"}
    door = Door.EXPORTS

    def get(self, request: PageRequest, work: UUID) -> HttpResponse:
        progress = progress_of(request.actor).filter(id=work, kind="people.export", owner=request.actor.user_id).first()
        kept = (progress.result or {}).get("file") if progress else None
        if not kept:
            raise JobUnknown
        return redirect(files.file_link(UUID(kept)))
