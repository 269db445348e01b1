"""A filter takes the values of its column's type and refuses the rest, whatever the column is."""

from datetime import date
from uuid import uuid4

import pytest

from kernel.errors import DomainError
from kernel.http import filtering, rendering
from kernel.idempotency.models import Call
from kernel.tenancy import tenant_scope
from tenant_apps.people.models import Student


def found(queryset, lookup, text):
    """Whether the database takes the filter."""
    list(filtering.apply(queryset, {"x": text}, filtering.Listing(filters={"x": lookup})))
    return True


@pytest.mark.parametrize(
    ("lookup", "text"),
    [
        ("state", "running"),
        ("state__in", "running,done"),
        ("status", "201"),
        ("status__gte", "200"),
        ("status__isnull", "true"),
        ("started_at__lt", "2026-04-01"),
        ("started_at__lt", "2026-04-01T10:00:00+05:30"),
        ("id", "0192a1f7-b593-7072-a0ba-ad589bacbacf"),
    ],
)
def test_values_of_the_type(academy, lookup, text):
    with tenant_scope(academy):
        assert found(Call.objects.all(), lookup, text)


@pytest.mark.parametrize(
    ("lookup", "text"),
    [
        ("state", "flying"),
        ("state__in", "running,flying"),
        ("status", "many"),
        ("status", "99999999999"),
        ("status", "9" * 400),
        ("status__isnull", "perhaps"),
        ("started_at__lt", "2026-04-01T10:00:00"),
        ("started_at__lt", "tomorrow"),
        ("id", "7"),
        ("key", "nul\x00"),
    ],
)
def test_values_of_another(academy, lookup, text):
    with tenant_scope(academy), pytest.raises(DomainError) as refused:
        found(Call.objects.all(), lookup, text)
    assert (refused.value.code, refused.value.status) == ("http.bad_parameter", 400)


def test_a_key_to_another_table_takes_its_id(academy):
    with tenant_scope(academy):
        for lookup in ("branch", "branch_id", "branch__id"):
            assert found(Student.objects.all(), lookup, str(uuid4()))
            with pytest.raises(DomainError):
                found(Student.objects.all(), lookup, "x")


def test_a_column_of_dates_takes_dates_alone(academy):
    def between(**query):
        return str(filtering.apply(Student.objects.all(), query, filtering.Listing(dated="joined_on")).query)

    with tenant_scope(academy):
        assert str(date(2026, 4, 1)) in between(**{"from": "2026-04-01", "to": "2026-04-30"})
        with pytest.raises(DomainError):
            between(to="2026-04-01T10:00:00Z")


def test_what_the_json_library_does_not_know_becomes_text_or_list():
    from decimal import Decimal

    from django.utils.translation import gettext_lazy

    made = rendering.dumps({"a": Decimal("1.50"), "b": frozenset({1}), "c": gettext_lazy("Yes"), "d": (1,), 5: None})
    assert made == b'{"a":"1.50","b":[1],"c":"Yes","d":[1],"5":null}'
