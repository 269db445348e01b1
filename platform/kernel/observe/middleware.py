"""Around every request: its id in and out, its log line and count, and refusals raised outside API views."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from kernel.http import problems
from kernel.http.clients import client_ip
from kernel.observe import context, logs, metrics

access = logging.getLogger(logs.ACCESS)


class RequestMiddleware:
    """Outermost. Takes the caller's `X-Request-ID` when it is harmless, else makes one; answers with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = context.new_request_id(request.META.get("HTTP_X_REQUEST_ID", ""))
        tokens = (context.request_id.set(name), context.client_ip.set(client_ip(request)), context.actor.set(None))
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = name
            _note(request, response, time.perf_counter() - started)
            return response
        finally:
            context.request_id.reset(tokens[0])
            context.client_ip.reset(tokens[1])
            context.actor.reset(tokens[2])

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal in a plain view becomes its problem document; a fault of ours goes on to the 500 handler."""
        error = problems.refusal(exception)
        return problems.problem_response(error, request) if error is not None else None


def _note(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    match = request.resolver_match
    route = (match.view_name or match.route) if match else "unmatched"
    metrics.request_done(route=route, method=str(request.method), status=response.status_code, seconds=seconds)
    business = getattr(request, "business", None)
    access.info(
        "request.done",
        extra={
            "method": request.method,
            "route": route,
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
            "tenant": business.public_id if business else None,
        },
    )
