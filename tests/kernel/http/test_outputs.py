"""Every Output and the JSON PostgreSQL makes of its queryset say the same: names, JSON types, and what may be null.

Each view that reads is called, on both kinds of host, by a caller who may do everything; whatever reaches `rows` or
`row` there is compiled and compared with the types PostgreSQL itself gives the columns. No row needs to exist.
"""

import pytest
from django.conf import settings
from rest_framework import serializers

from kernel.http import sql
from kernel.tenancy import business_scope
from tests.support.outputs import compared, differences
from tests.support.views import called, views_with


def test_every_output_is_what_postgresql_makes(academy, platform):
    """Lists below another thing's id answer 404 here; they are compared where a test reads them (tests/conftest.py)."""
    with compared() as met:
        for business, urlconf, kinds in (
            (academy, settings.TENANT_URLCONF, ("staff", "student")),
            (platform, settings.ROOT_URLCONF, ("admin",)),
        ):
            for view, arguments in views_with("GET", urlconf):
                for kind in kinds:
                    called("GET", view, arguments, business, kind=kind)
    listed = {
        answered.child.__class__
        for urlconf in (settings.TENANT_URLCONF, settings.ROOT_URLCONF)
        for view, arguments in views_with("GET", urlconf)
        if isinstance(answered := getattr(view.get, "api_responses", None), serializers.ListSerializer)  # type: ignore[attr-defined]
        and not arguments
    }
    assert listed
    assert sorted(output.__qualname__ for output in listed - {output for output, _ in met}) == []


@pytest.fixture
def wrong(academy):
    """Outputs that promise what their columns are not."""
    from kernel.audit.models import Entry
    from kernel.http.serializers import Output

    class Wrong(Output):
        id = serializers.IntegerField()
        at = serializers.BooleanField()
        actor_id = serializers.UUIDField()
        changes = serializers.CharField()
        action = serializers.Field()

    with business_scope(academy):
        yield Wrong, Entry.objects.all()


def test_a_wrong_output_would_be_found(wrong):
    output, queryset = wrong
    assert [line.split(".Wrong.", 1)[1] for line in differences(output, queryset)] == [
        "id: PostgreSQL makes uuid, wanted ['number']",
        "at: PostgreSQL makes string, wanted ['boolean']",
        "actor_id: may be null and does not say so",
        "changes: PostgreSQL makes json, wanted ['string', 'uuid']",
        "action: Field cannot be made by PostgreSQL",
    ]


def test_a_value_that_is_no_column_is_refused(academy):
    from kernel.audit.models import Entry
    from kernel.http.serializers import Output

    class Computed(Output):
        label = serializers.SerializerMethodField()

    with business_scope(academy), pytest.raises(TypeError, match=r"Computed\.label is no column"):
        sql.statement(Entry.objects.all(), Computed)
