"""An edit names the version it changes; a stale one is refused."""

import pytest

from kernel import audit
from kernel.audit.models import Entry
from kernel.http import etag
from kernel.tenancy import tenant_scope


@pytest.fixture
def address(academy):
    with tenant_scope(academy):
        audit.record(action="add", subject_type="student", subject_id=1)
        return f"/api/v1/entries/{Entry.objects.get().id}"


def test_an_answer_carries_its_version_and_an_unchanged_one_is_not_sent_again(caller, address):
    someone = caller()
    first = someone.get(address)
    assert first.status_code == 200
    again = someone.get(address, If_None_Match=f'"other", W/{first["ETag"]}')
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert someone.get(address, If_None_Match='"other"').status_code == 200


def test_an_edit_of_the_version_read_passes(caller, address):
    someone = caller()
    tag = someone.get(address)["ETag"]
    assert someone.send("PATCH", address, If_Match=tag).status_code == 204
    assert someone.send("PATCH", address, If_Match="*").status_code == 204


def test_a_stale_edit_and_one_without_version_are_refused(caller, address):
    someone = caller()
    stale = someone.send("PATCH", address, If_Match='"stale"')
    assert (stale.status_code, stale.json()["code"]) == (412, "http.changed_meanwhile")
    bare = someone.send("PATCH", address)
    assert (bare.status_code, bare.json()["code"]) == (428, "http.precondition_required")


def test_a_tag_changes_with_any_value():
    assert etag.of({"a": 1, "b": 2}) == etag.of({"a": 1, "b": 2})
    assert etag.of({"a": 1}) != etag.of({"a": 2})
