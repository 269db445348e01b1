"""The same callback door under Django, where no ASGI process stands in front."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from kernel.errors import DomainError
from kernel.http.problems import problem_response as problem
from kernel.inbox.errors import CallbackTooLarge, PostOnly, TryLater
from kernel.inbox.receive import MAX_BODY, Arrival, receive, taken_by, threads
from kernel.inbox.sources import source_at
from kernel.tenancy import current


@csrf_exempt
def callback(request: HttpRequest, path: str) -> HttpResponse:
    """Store one callback; the body is read raw before anything else could."""
    try:
        business, source = taken_by(current(), source_at(path))
    except DomainError as refused:
        return problem(refused)
    if request.method != "POST":
        return problem(PostOnly())
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > MAX_BODY:
        return problem(CallbackTooLarge())
    body = request.body
    if len(body) > MAX_BODY:
        return problem(CallbackTooLarge())
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers[":query"] = request.META.get("QUERY_STRING", "")
    try:
        (stored,) = threads.submit(receive, [Arrival(business, source, headers, body)]).result()
    except Exception:  # not stored, so not acknowledged
        return problem(TryLater())
    return problem(stored) if isinstance(stored, DomainError) else JsonResponse(stored)


callback.when_suspended = True  # type: ignore[attr-defined]
