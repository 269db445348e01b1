"""Files over HTTP: one's own, those a permission opens, and nothing of another business."""

import io
from uuid import uuid4

import httpx
import pytest

from kernel.tenancy import Business, tenant_scope
from shared_apps.files import services

pytestmark = pytest.mark.usefixtures("bucket")
TYPE = "image/png"


def test_upload_and_read_over_http(academy: Business, staff) -> None:
    client = staff(academy)
    files = [{"name": "a.png", "content_type": TYPE, "size": 4}, {"name": "b.png", "content_type": TYPE, "size": 2}]
    answer = client.post("/api/v1/files/presign", {"files": files})
    assert answer.status_code == 201
    first, second = answer.json()["files"]
    assert httpx.put(first["url"], content=b"1234", headers={"content-type": TYPE}).status_code == 200
    done = client.post(f"/api/v1/files/{first['id']}/complete")
    assert (done.status_code, done.json()["state"], done.json()["size"]) == (200, "stored", 4)
    read = client.get(f"/api/v1/files/{first['id']}")
    assert httpx.get(read.json()["url"]).content == b"1234"
    pending = client.get(f"/api/v1/files/{second['id']}").json()
    assert (pending["state"], pending["url"]) == ("pending", None)
    missing = client.post(f"/api/v1/files/{second['id']}/complete")
    assert (missing.status_code, missing.json()["code"]) == (404, "files.missing")
    assert [entry["name"] for entry in client.get("/api/v1/files").json()["results"]] == ["b.png", "a.png"]


@pytest.mark.parametrize(
    "files",
    [
        [],
        [{"name": "a.png", "content_type": TYPE, "size": 4}] * 21,
        [{"name": "a.png", "content_type": TYPE, "size": 4, "key": "tenants/t_1/x"}],
        [{"name": "a.png", "content_type": "text/html", "size": 4}],
        [{"name": "a.png", "content_type": TYPE, "size": 0}],
        [{"name": "", "content_type": TYPE, "size": 1}],
    ],
)
def test_bad_announcements(academy: Business, staff, files: list) -> None:
    client = staff(academy)
    answer = client.post("/api/v1/files/presign", {"files": files})
    assert answer.status_code in {400, 422}
    assert client.get("/api/v1/files").json()["results"] == []


def test_a_file_is_read_by_its_owner_and_by_permission_only(academy: Business, staff) -> None:
    owner, manager, teacher = staff(academy), staff(academy, role="manager"), staff(academy, role="teacher")
    with tenant_scope(academy):
        errors = services.put(name="e.csv", body=io.BytesIO(b"x"), content_type="text/csv", permission="people.import")
        nobodys = services.put(name="n.csv", body=io.BytesIO(b"x"), content_type="text/csv")
    path = f"/api/v1/files/{errors.id}"
    assert [client.get(path).status_code for client in (owner, manager, teacher)] == [200, 200, 404]
    assert [c.get(f"/api/v1/files/{nobodys.id}").status_code for c in (owner, manager, teacher)] == [404] * 3
    upload = {"files": [{"name": "mine.png", "content_type": TYPE, "size": 4}]}
    mine = teacher.post("/api/v1/files/presign", upload).json()["files"][0]["id"]
    assert [c.get(f"/api/v1/files/{mine}").status_code for c in (owner, teacher)] == [404, 200]
    assert owner.post(f"/api/v1/files/{mine}/complete").status_code == 404


def test_another_tenants_file_and_token_are_refused(academy: Business, other_academy: Business, staff, api) -> None:
    home, abroad = staff(academy), staff(other_academy)
    with tenant_scope(academy):
        file = services.put(name="e.csv", body=io.BytesIO(b"x"), content_type="text/csv", permission="people.import")
    path = f"/api/v1/files/{file.id}"
    assert home.get(path).status_code == 200
    assert abroad.get(path).status_code == 404
    assert abroad.get(path).json()["code"] == "files.missing"
    assert api(other_academy, home).get(path).status_code == 401
    assert api(academy).get(path).status_code == 401
    assert abroad.get("/api/v1/files").json()["results"] == []
    assert abroad.get(f"/api/v1/files/{uuid4()}").status_code == 404
