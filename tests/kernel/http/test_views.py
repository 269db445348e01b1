"""Views refuse whatever they do not open by name."""

import pytest

from kernel.http.views import ApiView


def test_a_method_without_permission_cannot_be_written():
    with pytest.raises(TypeError, match=r"has no permission for \['POST'\]"):

        class Leaky(ApiView):
            permission = {"GET": "x.view"}

            def get(self, request): ...

            def post(self, request): ...


def test_a_permission_for_no_method_cannot_be_written():
    with pytest.raises(TypeError, match=r"names no HTTP method: \['get'\]"):

        class Misspelt(ApiView):
            permission = {"get": "x.view"}


def test_the_permission_of_the_method_is_needed(caller):
    both, reader, nobody = caller("people.view", "people.add"), caller("people.view"), caller(signed_in=False)
    order = {"title": "t"}
    assert both.post("/api/v1/guarded", order).status_code == 201
    assert reader.get("/api/v1/guarded").json() == {"by": f"staff:{reader.user_id}"}
    refused = reader.post("/api/v1/guarded", order)
    assert refused.status_code == 403
    assert refused.json()["code"] == "http.forbidden"
    assert refused.json()["permission"] == "people.add"
    unknown = nobody.get("/api/v1/guarded")
    assert unknown.status_code == 401
    assert unknown.json()["code"] == "http.not_signed_in"
    assert unknown["WWW-Authenticate"] == 'Bearer realm="api"'


def test_head_needs_what_get_needs(caller):
    assert caller().client.head("/api/v1/guarded", headers=caller().headers).status_code == 403
    reader = caller("people.view")
    assert reader.client.head("/api/v1/guarded", headers=reader.headers).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_a_method_the_class_does_not_open_is_405(caller, method):
    answer = caller("people.view", "people.add").send(method, "/api/v1/guarded")
    assert answer.status_code == 405
    assert answer.json()["code"] == "http.method_not_allowed"
    assert answer["Allow"] == "GET, POST"


def test_public_ignores_a_token_that_does_not_hold_and_the_rest_refuses_it(caller):
    forged = caller()
    forged.headers["Authorization"] = "Test forged"
    assert forged.get("/api/v1/open").json() == {"by": "nobody"}
    assert forged.send("DELETE", "/api/v1/open").status_code == 401
    assert caller().send("DELETE", "/api/v1/open").status_code == 204


def test_public_knows_the_caller_who_signed_in(caller):
    someone = caller()
    assert someone.get("/api/v1/open").json() == {"by": f"staff:{someone.user_id}"}
