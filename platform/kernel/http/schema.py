"""The OpenAPI document of both hosts: what a view's class already says, said again for machines."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.urls import URLPattern, URLResolver
from drf_spectacular.drainage import warn
from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.utils import extend_schema

from kernel.errors import DomainError
from kernel.http import errors as door
from kernel.http.examples import example
from kernel.http.filtering import SEARCH_LENGTH, Filter, Listing, Search
from kernel.http.lists import LIMIT, LIMIT_MAX

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC, SIGNED_IN = "public", "signed_in"
_VERBS = {"GET": "read", "POST": "create", "PATCH": "change", "PUT": "replace", "DELETE": "remove"}
_HOSTS = {"tenant": "a tenant's host", "platform": "the public host", "both": "both hosts"}
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; members beside those named here belong to the code.",
    "required": ["type", "title", "status", "detail", "code", "action", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "action": {"type": "string", "description": "What the caller can do."},
        "request_id": {"type": "string"},
        "field": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "code", "detail")},
            },
        },
    },
    "additionalProperties": True,
}


def api(
    summary: str,
    *,
    request: Any = None,
    responses: Any = None,
    errors: Sequence[type[DomainError]] = (),
    search: Search = (),
    filters: Mapping[str, Filter] | None = None,
    dated: str = "",
    params: Sequence[str] = (),
    **more: Any,
) -> Callable[[View], View]:
    """Describe one method of a view.

    `responses` is an Output, `Output(many=True)` for a list by `rows`, or `{status: Output or None}`; `errors` are the
    refusals of its own, beside those that fields of the request bring along (`api_errors` of a field's class). `search`,
    `filters`, `dated` and `params` say what may be asked of a list (`filtering.Listing`): `rows` obeys them, so the
    document cannot say less or more.
    """
    options: dict[str, Any] = {"summary": summary, "request": request, **more}
    if responses is not None:
        options["responses"] = responses

    def describe(method: View) -> View:
        described = extend_schema(**options)(method)
        described.api_errors = tuple(errors)  # type: ignore[attr-defined]
        described.api_responses = responses  # type: ignore[attr-defined]
        described.api_request = request  # type: ignore[attr-defined]
        described.api_listing = Listing(  # type: ignore[attr-defined]
            search=search, filters=filters or {}, dated=dated, params=params
        )
        return described

    return describe


class Pages:
    """How the document describes a list; the lists themselves are `kernel.http.lists.rows`."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            _parameter(
                "limit", "Rows a page.", {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT}
            ),
            _parameter("cursor", "`next` of the page before."),
            _parameter("order", "Names of the rows' fields, comma-separated, `-` for descending."),
            _parameter("format", "`csv` streams the whole list.", {"type": "string", "enum": ["json", "csv"]}),
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {"results": schema, "next": {"type": ["string", "null"]}},
        }


class Schema(AutoSchema):
    """Adds operation id, permission, host and refusals."""

    documented: ClassVar[dict[str, type[DomainError]]] = {}
    """Every refusal met, by code; each is written once, among the document's components."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        permission = getattr(self.view, "permission", {}).get(self.method, "")
        hosts = getattr(self.view, "url_hosts", "both")
        operation["x-permission"] = permission
        operation["x-hosts"] = hosts
        said = operation.get("description", "")
        facts = f"Permission: `{permission}`. Answers on {_HOSTS[hosts]}."
        operation["description"] = f"{said}\n\n{facts}".strip()
        if self._is_list_view():
            operation["parameters"] += _asked_of(self._method.api_listing)
        if getattr(self._method, "is_idempotent", False):
            operation.setdefault("parameters", []).append(_key_parameter())
        if self.method == "GET" and any(one["name"] == "format" for one in operation.get("parameters", [])):
            operation["responses"]["200"]["content"]["text/csv"] = {"schema": {"type": "string"}}
        for status, refusals in sorted(self._refusals(permission, operation).items()):
            self.documented.update({refusal.code: refusal for refusal in refusals})
            operation["responses"].setdefault(str(status), _refused(refusals))
        return operation

    def get_description(self) -> str:  # type: ignore[override]
        """The method's own words, else the class's own; never those of the base class."""
        return inspect.cleandoc(self._method.__doc__ or type(self.view).__dict__.get("__doc__") or "")

    @property
    def _method(self) -> Any:
        return getattr(self.view, self.method.lower())

    def _refusals(self, permission: str, operation: dict[str, Any]) -> dict[int, list[type[DomainError]]]:
        """Every refusal of the operation by status: its own, and those of the door."""
        found = list(getattr(self._method, "api_errors", ()))
        if "requestBody" in operation:
            fields = getattr(force_instance(self.get_request_serializer()), "fields", {})
            found += [refusal for one in fields.values() for refusal in getattr(one, "api_errors", ())]
        if permission != PUBLIC:
            found.append(door.NotSignedIn)
        if permission not in {PUBLIC, SIGNED_IN}:
            found.append(door.Forbidden)
        if "requestBody" in operation:
            found += [door.Invalid, door.UnknownField, door.Malformed, door.TooLarge]
        elif not self._is_list_view() and any(one["in"] == "query" for one in operation.get("parameters", [])):
            found += [door.Invalid, door.UnknownField]
        if self._is_list_view():
            found += [door.UnknownParameter, door.BadParameter, door.BadCursor]
        if "{" in self.path:
            found.append(door.NotFound)
        if getattr(self.view, "throttled_per_minute", None):
            found.append(door.Throttled)
        if getattr(self._method, "is_idempotent", False):
            # Named by their module's own classes, which this room's lower half cannot import while it is loading.
            keyed = import_module("kernel.idempotency.errors")
            found += [keyed.KeyMissing, keyed.KeyReused, keyed.InFlight]
        by_status: dict[int, list[type[DomainError]]] = {}
        for refusal in dict.fromkeys(found):
            by_status.setdefault(refusal.status, []).append(refusal)
        return by_status

    def get_operation_id(self) -> str:
        name = getattr(self.view, "url_name", "") or super().get_operation_id()
        if len(self.view.allowed_methods) == 1:
            return name
        base = name.removesuffix("_list").removesuffix("_read").removesuffix("_show")
        verb = "list" if self.method == "GET" and self._is_list_view() else _VERBS[self.method]
        return f"{base}_{verb}"

    def get_tags(self) -> list[str]:
        return [_app_of(type(self.view))]

    def get_auth(self) -> list[dict[str, list[str]]]:
        permission = getattr(self.view, "permission", {}).get(self.method)
        return [{}] if permission == PUBLIC else [{"bearer": []}]

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """Named by app, so that two apps may use the same word."""
        kind = type(serializer)
        app = _app_of(kind).title().replace("_", "") + ("Platform" if kind.__module__.endswith("_platform") else "")
        name = kind.__name__
        return name if name.lower().startswith(app.lower()) else app + name

    def _get_paginator(self) -> Any:
        return Pages()


class Endpoints(EndpointEnumerator):
    """The operations of both URL maps, with the name and the hosts of each."""

    def __init__(self, patterns: Any = None, urlconf: Any = None) -> None:
        self.names: dict[tuple[str, str], str] = {}
        self.hosts: dict[tuple[str, str], set[str]] = {}
        self._views: dict[tuple[str, str], type] = {}
        super().__init__(patterns, urlconf)

    def _get_api_endpoints(self, patterns: Any, prefix: str) -> list[tuple[str, str, str, Any]]:
        found: list[tuple[str, str, str, Any]] = []
        for kind, module in (("platform", settings.ROOT_URLCONF), ("tenant", settings.TENANT_URLCONF)):
            found += self._walk(import_module(module).urlpatterns, "", kind)
        return found

    def _walk(self, patterns: Any, prefix: str, kind: str) -> list[tuple[str, str, str, Any]]:
        found: list[tuple[str, str, str, Any]] = []
        for pattern in patterns:
            regex = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                found += self._walk(pattern.url_patterns, regex, kind)
            elif isinstance(pattern, URLPattern):
                path = self.get_path_from_regex(regex)
                if not self.should_include_endpoint(path, pattern.callback):
                    continue
                for method in self.get_allowed_methods(pattern.callback):
                    view = pattern.callback.cls  # type: ignore[attr-defined]
                    if self._views.setdefault((path, method), view) is not view:
                        warn(f"{method} {path} is two different views on the two hosts; one document cannot say both")
                    self.names.setdefault((path, method), pattern.name or "")
                    self.hosts.setdefault((path, method), set()).add(kind)
                    found.append((path, regex, method, pattern.callback))
        return found


class Generator(SchemaGenerator):
    """Generates one document for both hosts."""

    endpoint_inspector_cls = Endpoints

    def _get_paths_and_endpoints(self) -> Any:
        found = super()._get_paths_and_endpoints()
        inspector: Any = self.inspector
        endpoints: Any = self.endpoints
        for (path, _, method, _), (_, _, _, view) in zip(endpoints, found, strict=True):
            hosts = inspector.hosts[path, method]
            view.url_name = inspector.names[path, method]
            view.url_hosts = "both" if len(hosts) == 2 else next(iter(hosts))
        return found


def finish(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """The last hand (`POSTPROCESSING_HOOKS`): the problem's schema, the bearer scheme, an example for each body."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
    for schema in components["schemas"].values():
        for name, one in schema.get("properties", {}).items():
            # Anything, or null: both hold for null, and exactly one may. Anything is enough.
            if {} in one.get("oneOf", []):
                schema["properties"][name] = {key: value for key, value in one.items() if key != "oneOf"}
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    refusals = [refusal for _, refusal in sorted(Schema.documented.items())]
    components["responses"] = {refusal.code: _refused_with([refusal]) for refusal in refusals}
    components["examples"] = {refusal.code: {"value": _problem_of(refusal)} for refusal in refusals}
    for path in result["paths"].values():
        for operation in path.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (content for body in bodies for content in body.get("content", {}).values()):
                if "examples" not in content and "schema" in content:
                    content["example"] = example(content["schema"], components["schemas"])
    return result


def _refused(refusals: Sequence[type[DomainError]]) -> dict[str, Any]:
    if len(refusals) == 1:
        return {"$ref": f"#/components/responses/{refusals[0].code}"}
    return _refused_with(refusals)


def _refused_with(refusals: Sequence[type[DomainError]]) -> dict[str, Any]:
    examples = {refusal.code: {"$ref": f"#/components/examples/{refusal.code}"} for refusal in refusals}
    return {
        "description": "; ".join(f"`{refusal.code}`: {refusal.title}" for refusal in refusals),
        "content": {"application/problem+json": {"schema": _PROBLEM, "examples": examples}},
    }


def _problem_of(refusal: type[DomainError]) -> dict[str, Any]:
    return {
        "type": f"urn:shala:problem:{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.title,
        "code": refusal.code,
        "action": refusal.action,
        "request_id": "0192a1f7b5937072a0baad589bacbacf",
    }


def _asked_of(listing: Listing) -> list[dict[str, Any]]:
    """The parameters of one list, beside those of every list."""
    known = {
        "search": _parameter(
            "search", "Words that a row holds, each of them.", {"type": "string", "maxLength": SEARCH_LENGTH}
        ),
        "from": _parameter("from", "A date, which counts whole, or an instant with its offset: not before it."),
        "to": _parameter("to", "A date, which counts whole, or an instant with its offset: not after it."),
    }
    return [
        known[name] if name in known and name not in listing.filters else _filter(name, listing.filters.get(name))
        for name in listing.names
    ]


def _filter(name: str, rule: Filter | None) -> dict[str, Any]:
    if isinstance(rule, str) and rule.endswith("__in"):
        return _parameter(name, "One or several, comma-separated.")
    if isinstance(rule, str) and rule.endswith("__isnull"):
        return _parameter(name, "", {"type": "string", "enum": ["true", "false"]})
    return _parameter(name, "")


def _parameter(name: str, text: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    said = {"description": text} if text else {}
    return {"name": name, "in": "query", "required": False, **said, "schema": schema or {"type": "string"}}


def _key_parameter() -> dict[str, Any]:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "The same for every repetition of this request; its answer is kept for 24 hours.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    }


def _app_of(kind: type) -> str:
    """`shared_apps.accounts.api.users` → `accounts`; `kernel.audit.api` → `audit`."""
    parts = kind.__module__.split(".")
    return parts[1] if len(parts) > 1 else parts[0]
