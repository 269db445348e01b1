"""Two views for every side alike: one asks the database one thing, one asks nothing."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from tenant_apps.people.models import Branch


def branches(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"branches": list(Branch.objects.order_by("id").values_list("name", flat=True)[:50])})


def hello(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"hello": True})


urlpatterns = [path("branches", branches), path("hello", hello)]
