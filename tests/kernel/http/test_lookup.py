"""One row by what is known of it; a stranger's row and no row are the same."""

import pytest

from kernel.errors import NotFound
from kernel.http.lookup import found
from kernel.tenancy import Business, platform_scope
from shared_apps.tenants.models import Tenant


def test_the_row_is_found(academy: Business) -> None:
    with platform_scope():
        assert found(Tenant.objects.all(), slug=academy.slug, state="active").id == academy.id


def test_none_is_a_refusal(academy: Business) -> None:
    with platform_scope(), pytest.raises(NotFound) as refused:
        found(Tenant.objects.exclude(id=academy.id), slug=academy.slug)
    assert (refused.value.code, refused.value.status, refused.value.field) == ("http.not_found", 404, None)


def test_the_refusal_names_the_field_it_came_in(academy: Business) -> None:
    with platform_scope(), pytest.raises(NotFound) as refused:
        found(Tenant.objects.all(), slug=f"{academy.slug}-not", field="tenant")
    assert refused.value.field == "tenant"
