"""The audit's addresses for the tests' callers."""

from django.urls import path

from kernel.audit.api import AuditLogs
from tests.kernel.http.views import HeaderAuthentication


class TestAuditLogs(AuditLogs):
    __test__ = False
    authentication_classes = (HeaderAuthentication,)


urlpatterns = [path("api/v1/audit-logs", TestAuditLogs.as_view(), name="audit_logs")]
handler404 = "kernel.http.problems.not_found"
