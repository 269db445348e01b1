"""What a button of a tenant's page does: carried out and said there, or refused on the page it was pressed on."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from kernel.errors import DomainError
from kernel.http.pages import PageRequest


def carried(
    request: PageRequest,
    tenant_id: UUID,
    deed: Callable[..., object],
    facts: Mapping[str, Any],
    *,
    said: str,
    page: Callable[..., HttpResponse],
) -> HttpResponse:
    """Do `deed` to the tenant, and go to its page, which says `said`; refused, `page` shows why (`refusal`)."""
    try:
        deed(tenant=tenant_id, **facts)
    except DomainError as error:
        return page(request, tenant_id, refusal=error)
    messages.success(request, said)
    return redirect("page_tenant", tenant_id)
