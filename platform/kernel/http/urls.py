"""The API's own addresses on every host; included last, it answers whatever nobody else does under `api/`."""

from django.urls import path, re_path

from kernel.http import api, problems

urlpatterns = [
    path("api/v1", api.Root.as_view(), name="http_root"),
    path("api/v1/health", api.Health.as_view(), name="http_health"),
    path("api/v1/schema", api.schema, name="http_schema"),
    path("api/v1/docs", api.docs, name="http_docs"),
    re_path(r"^api/", problems.not_found, name="http_nowhere"),
]
