"""A number reaches the server whole, whatever its size and whatever it stands beside."""

import pytest
from django.db.models import BigIntegerField, Value

from kernel.tenancy import Business, tenant_scope
from shared_apps.accounts.models import User
from tests.support.people import user_make


@pytest.mark.parametrize("number", [2**15, 2**31 - 1, 2**31, 3_000_000_000, -(2**31) - 1, 2**63 - 1, -(2**63)])
def test_a_number_beside_a_column_is_sent_whole(academy: Business, number: int) -> None:
    user_make(academy, role="owner")
    with tenant_scope(academy):
        told = User.objects.annotate(told=Value(0, BigIntegerField()) + number)
        assert set(told.values_list("told", flat=True)) == {number}
