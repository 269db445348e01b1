"""A plausible value for any schema of the API document."""

from typing import Any

_FORMATS = {
    "uuid": "0192a1f7-b593-7072-a0ba-ad589bacbacf",
    "date-time": "2026-11-20T06:30:00+00:00",
    "date": "2026-11-20",
    "time": "09:00:00",
    "email": "asha@example.in",
    "uri": "https://asha.example.in/",
    "decimal": "1500.00",
}
_NAMES = {"phone": "+919800000001", "password": "correct horse battery", "name": "Asha Rao", "code": "ASHA-0001"}
_DEPTH = 5


def example(schema: dict[str, Any], components: dict[str, Any], *, name: str = "", depth: int = 0) -> Any:
    """A value the schema allows; references are followed, cycles end in null."""
    if depth > _DEPTH:
        return None
    if "$ref" in schema:
        return example(components.get(schema["$ref"].rsplit("/", 1)[1], {}), components, name=name, depth=depth + 1)
    for word in ("allOf", "oneOf", "anyOf"):
        if schema.get(word):
            return example(schema[word][0], components, name=name, depth=depth + 1)
    for word in ("example", "default"):
        if word in schema:
            return schema[word]
    if schema.get("enum"):
        return schema["enum"][0]
    return _by_type(schema, components, name, depth)


def _by_type(schema: dict[str, Any], components: dict[str, Any], name: str, depth: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), None)
    if kind == "object" or "properties" in schema:
        inside = schema.get("properties", {}).items()
        return {key: example(value, components, name=key, depth=depth + 1) for key, value in inside}
    if kind == "array":
        return [example(schema.get("items", {}), components, name=name, depth=depth + 1)]
    if kind == "integer":
        return max(1, int(schema.get("minimum", 1)))
    if kind == "string":
        return _FORMATS.get(schema.get("format", "")) or _NAMES.get(name) or "text"
    return {"number": 1.5, "boolean": True}.get(str(kind))
