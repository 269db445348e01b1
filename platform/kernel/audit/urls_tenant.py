"""The audit's address."""

from django.urls import path

from kernel.audit import api

urlpatterns = [path("audit-logs", api.AuditLogs.as_view(), name="audit_logs")]
