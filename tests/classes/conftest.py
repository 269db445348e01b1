"""One school for each test: an academy whose plan has live classes, its manager and a teacher."""

import pytest

from kernel import quotas
from kernel.tenancy import Business, tenant_scope
from tests.support.people import Client, staff


@pytest.fixture
def school(academy: Business) -> Business:
    with tenant_scope(academy):
        quotas.set_limits(
            {"live_classes": quotas.Limit(1), "students": quotas.Limit(100), "libraries": quotas.Limit(5)}
        )
    return academy


@pytest.fixture
def manager(school: Business) -> Client:
    return staff(school, "manager")


@pytest.fixture
def teacher(school: Business) -> Client:
    return staff(school, "teacher")
