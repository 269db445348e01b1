"""What the sources must not say, each rule as a function from one file to what breaks it, line by line."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

FILE_LINES = 400
FUNCTION_LINES = 60

# Where SQL is put together: the scope's own statements, and compilers that are named so.
_COMPILERS = re.compile(r"^platform/kernel/tenancy/|(^|/|_)sql\.py$")
_STATEMENT = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|GRANT|REVOKE|TRUNCATE|SET|LOCK|CALL|COPY)\s"
)
_RUNS_SQL = {"execute", "executemany", "RawSQL", "raw", "extra"}
_SCHEMA_SWITCHES = {
    *("schema_context", "tenant_context", "schema_rename", "set_schema", "set_schema_to_public", "set_tenant"),
    *("get_tenant_model", "get_tenant_domain_model", "get_current_tenant", "tenant_migration"),
}
# A row of a tenant: entered, activated or deactivated it is a scope too, kept in a list all threads share.
_TENANT_ROW = re.compile(r"[\w.\[\]]*tenant|([\w.]*\.)?Tenant\.objects\..*", re.S | re.I)
_ENTERED = {"activate", "deactivate", "enter_context", "__enter__"}
_LEFT_TO_DO = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def sizes(file: Path, source: str) -> Iterator[str]:
    """A file fits in a reader's head, and a function on a screen."""
    lines = source.count("\n")
    if lines > FILE_LINES:
        yield f"{file}: {lines} lines, more than {FILE_LINES}"
    for node in _nodes(source):
        if isinstance(node, _Function) and (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES:
            yield f"{file}:{node.lineno}: {node.name} has {length} lines, more than {FUNCTION_LINES}"


def made_up_sql(file: Path, source: str) -> Iterator[str]:
    """Statements are literals and values their parameters; nothing is pasted into one."""
    if _COMPILERS.search(file.as_posix()):
        return
    for node in _nodes(source):
        if _is_pasted(node) and _STATEMENT.match(_first_text(node)):
            yield f"{file}:{node.lineno}: SQL put together"  # type: ignore[attr-defined]
        elif isinstance(node, ast.Call) and _called(node) in _RUNS_SQL and any(map(_is_pasted, node.args[:1])):
            yield f"{file}:{node.lineno}: SQL put together"


def signals(file: Path, source: str) -> Iterator[str]:
    """Apps speak by calls downwards and events upwards; a signal is neither seen in the code nor kept in a queue."""
    for line, module, names in _imports(source):
        words = {f"{module}.{name}" for name in names} | {module}
        if any(re.match(r"django\.(dispatch|core\.signals|db\.(models|backends)\.signals)\b", word) for word in words):
            yield f"{file}:{line}: {module}"


def schema_switches(file: Path, source: str) -> Iterator[str]:
    """A scope is the one way into a schema; django-tenants' ways would leave the role and the time zone behind."""
    for node in _nodes(source):
        name = {ast.Name: "id", ast.Attribute: "attr", ast.alias: "name"}.get(type(node))
        if name and getattr(node, name) in _SCHEMA_SWITCHES:
            yield f"{file}:{node.lineno}: {getattr(node, name)}"  # type: ignore[attr-defined]
        for entered in _entered(node):
            if _TENANT_ROW.fullmatch(text := ast.unparse(entered)):
                yield f"{file}:{node.lineno}: {text} entered"  # type: ignore[attr-defined]


def silent_services(file: Path, source: str) -> Iterator[str]:
    """Each public function of `services` says what it does."""
    if file.name != "services.py" and "services" not in file.parts:
        return
    for node in _tree(source).body:
        if isinstance(node, _Function) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{file}:{node.lineno}: {node.name} has no docstring"


def silent_modules(file: Path, source: str) -> Iterator[str]:
    """A module opens by saying what it owns. `apps.py` and `urls…` are what they are called."""
    if source.strip() and not re.match(r"apps|urls", file.stem) and not ast.get_docstring(_tree(source)):
        yield f"{file}: opens without a sentence"


def machine_times(file: Path, source: str) -> Iterator[str]:
    """Fields get their time from kernel.clock: `auto_now` and a database default ask another clock."""
    for node in _nodes(source):
        if isinstance(node, ast.keyword) and node.arg in {"auto_now", "auto_now_add"}:
            yield f"{file}:{node.value.lineno}: {node.arg}"


def pieces_of_a_schema(file: Path, source: str) -> Iterator[str]:
    """Extensions outlive any schema, so bootstrap makes them; and triggers stand on the operator's own tables alone."""
    if file.as_posix() == "platform/kernel/tenancy/bootstrap.py":
        return
    for node in _nodes(source):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for match in re.finditer(
                r"CREATE\s+(OR\s+REPLACE\s+)?(CONSTRAINT\s+)?(EXTENSION|TRIGGER(?!.*?\sON\s+public\.))\b",
                node.value,
                re.I | re.S,
            ):
                yield f"{file}:{node.lineno}: {match.group()}"


def unfinished(file: Path, source: str) -> Iterator[str]:
    """What is committed is whole: no note of what is left to do, no test that does not run."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline) if _LEFT_TO_DO.search(source) else ():
        if token.type == tokenize.COMMENT and _LEFT_TO_DO.search(token.string):
            yield f"{file}:{token.start[0]}: {token.string}"
    for node in _nodes(source):
        if isinstance(node, ast.Attribute) and node.attr in {"skip", "skipif", "xfail", "importorskip"}:
            if ast.unparse(node.value) in {"pytest", "pytest.mark"}:
                yield f"{file}:{node.lineno}: {ast.unparse(node)}"


def mocks(file: Path, source: str) -> Iterator[str]:
    """Tests run real parts; a mock would prove what its author believed."""
    for line, module, names in _imports(source):
        if module.startswith(("unittest.mock", "mock")) or (module == "unittest" and "mock" in names):
            yield f"{file}:{line}: {module}"


TESTS = (unfinished, mocks)
# A migration is a list, so it may be long; and its name says what it does.
MIGRATIONS = (made_up_sql, signals, schema_switches, machine_times, pieces_of_a_schema)
PRODUCT = (*MIGRATIONS, *TESTS, sizes, silent_services, silent_modules)


@lru_cache(maxsize=2)
def _tree(source: str) -> ast.Module:
    return ast.parse(source)


@lru_cache(maxsize=2)
def _nodes(source: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_tree(source)))


def _is_pasted(node: ast.AST) -> bool:
    """An f-string with a hole, `%` or `+` with something that is no literal, or `.format`."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return not (_is_text(node.left) and _is_text(node.right))
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and _is_text(node.left) and _is_text(node.right)
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _first_text(node: ast.AST) -> str:
    """The literal a pasted text begins with."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            return part.value
    return ""


def _entered(node: ast.AST) -> list[ast.expr]:
    """What a `with`, or a call that does the same, enters."""
    if isinstance(node, ast.With | ast.AsyncWith):
        return [item.context_expr for item in node.items]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ENTERED:
        return [node.func.value, *node.args]
    return []


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _imports(source: str) -> Iterator[tuple[int, str, list[str]]]:
    for node in _nodes(source):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or "", [alias.name for alias in node.names]
