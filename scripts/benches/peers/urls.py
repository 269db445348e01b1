"""One view that asks the database one thing, for every side alike."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from tenant_apps.people.models import Branch


def branches(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"branches": list(Branch.objects.order_by("id").values_list("name", flat=True)[:50])})


urlpatterns = [path("branches", branches)]
