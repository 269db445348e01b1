"""Our own processes: the environment they read, the commands that run them, and the one origin in front."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from kernel.http.headers import protective
from scripts.stack.layout import PYTHON, ROOT, program
from scripts.stack.servers import http_status, private
from scripts.stack.supervisor import Service, Supervisor

# What needs an event loop or must be answered at once goes to the ASGI process; see docs/architecture.md, "Serving".
LIVE_PATHS = ("/ws/*", "/api/v1/payments/webhook/*", "/api/v1/messages/webhook/*", "/api/v1/video/webhook/*")
WEB_WORKERS = 2
# With more they hand the interpreter's lock from core to core more than they work; with one all wait for a slow answer.
THREADS_PER_WEB_WORKER = 2
# Said by the origin itself when nobody behind it answers. Whether the request was carried out is not known to it.
AWAY = json.dumps(
    {
        "type": "urn:shala:problem:http.unavailable",
        "title": "Nobody answers at this moment",
        "status": 503,
        "detail": "",
        "code": "http.unavailable",
        "action": "Send the request again, with the same Idempotency-Key, after the seconds named in Retry-After.",
    }
)
# What files are shown with: nothing in them runs, whatever they are.
PROTECTED_FILES = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-site",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}
FILES_HOST = "files.localhost"  # uploads are answered on an origin of their own, where no session cookie goes
SOURCES = ("config", "platform", "shared_apps", "tenant_apps")


def processes(supervisor: Supervisor, env: Mapping[str, str], ddl: Mapping[str, str], *, reload: bool) -> list[Service]:
    """web, live, worker, beat. `env` is for all of them, `ddl` for the worker alone: only it changes schemas."""
    web, live = supervisor.ports.take("web"), supervisor.ports.take("live")
    return [
        Service(name="web", command=_web(web, reload=reload), ready=_readyz(web), env=_as("web", env)),
        Service(name="live", command=_live(live, reload=reload), ready=_readyz(live), env=_as("live", env)),
        Service(
            name="worker",
            # Nothing a worker could tell another when it starts is worth the second it would wait for it.
            command=_celery("worker", "--without-mingle", "--without-gossip", reload=reload),
            ready=_said(supervisor.log("worker"), " ready."),
            env=_as("worker", {**env, **ddl}),
        ),
        Service(
            name="beat",
            command=_celery("beat", f"--schedule={supervisor.folder / 'beat-schedule'}", "--pidfile=", reload=reload),
            ready=_said(supervisor.log("beat"), "beat: Starting"),
            env=_as("beat", env),
        ),
    ]


def origin(supervisor: Supervisor, s3_endpoint: str) -> Service:
    """Caddy on one port: sockets and callbacks to live, files to the object store, everything else to web."""
    folder, port = supervisor.place("caddy"), supervisor.ports.take("origin")
    web, live = supervisor.ports.take("web"), supervisor.ports.take("live")
    config = folder / "Caddyfile"
    private(
        config,
        f"""{{
    admin off
    auto_https off
    persist_config off
    grace_period 1s
}}
http://:{port} {{
    bind 127.0.0.1
    @files host {FILES_HOST}
    @live path {" ".join(LIVE_PATHS)}
    header {{
        -Server
        -Via
        -X-Powered-By
        defer
    }}
    handle_errors 502 503 504 {{
        header {{
            -Server
{_lines(protective(), 12)}
        }}
        header Content-Type application/problem+json
        header Retry-After 2
        respond `{AWAY}` 503
    }}
    handle @files {{
        header {{
{_lines(PROTECTED_FILES, 12)}
        }}
        reverse_proxy {s3_endpoint}
    }}
    handle @live {{
        reverse_proxy 127.0.0.1:{live} {{
            lb_try_duration 5s
        }}
    }}
    handle {{
        encode zstd gzip
        reverse_proxy 127.0.0.1:{web} {{
            lb_try_duration 5s
        }}
    }}
}}
""",
    )
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [str(program("caddy")), "run", "--config", str(config), "--adapter", "caddyfile"]
    return Service(name="caddy", command=command, ready=_readyz(port), env=home, folder=folder)


def _lines(headers: Mapping[str, str], indent: int) -> str:
    """Header lines of a Caddyfile; `>` sets one after whoever answers has set theirs."""
    return "\n".join(f'{" " * indent}>{name} "{value}"' for name, value in headers.items())


def manage(*arguments: str) -> list[str]:
    return [str(PYTHON), "manage.py", *arguments]


def prepare() -> list[str]:
    """Two commands of `manage.py` in one process, since starting costs each more than its work."""
    return [str(PYTHON), "-m", "scripts.stack.prepare"]


def _as(process: str, env: Mapping[str, str]) -> dict[str, str]:
    return {**env, "SHALA_PROCESS": process}


def _web(port: int, *, reload: bool) -> list[str]:
    command = [str(PYTHON), "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", str(WEB_WORKERS), "--blocking-threads", str(THREADS_PER_WEB_WORKER), "--no-ws"]
    if reload:
        command += ["--reload", *(part for source in SOURCES for part in ("--reload-paths", str(ROOT / source)))]
    return [*command, "config.wsgi:application"]


def _live(port: int, *, reload: bool) -> list[str]:
    command = [str(PYTHON), "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "--lifespan", "off"]
    command += ["--ws", "websockets-sansio", "--timeout-graceful-shutdown", "2", "--no-server-header"]
    if reload:
        command += ["--reload", *(part for source in SOURCES for part in ("--reload-dir", str(ROOT / source)))]
    return [*command, "config.asgi:application"]


def _celery(*arguments: str, reload: bool) -> list[str]:
    command = [str(PYTHON), "-m", "celery", "-A", "config.celery", *arguments, "--loglevel=INFO"]
    if reload:
        return [str(PYTHON), "-m", "watchfiles", "--filter", "python", " ".join(command), *SOURCES]
    return command


def _readyz(port: int) -> Callable[[], bool]:
    return lambda: http_status(f"http://127.0.0.1:{port}/readyz") == 200


def _said(log: Path, what: str) -> Callable[[], bool]:
    return lambda: what in log.read_text(errors="replace")
