"""What a person or a program outside has: HTTP and one socket on a business's host, and nothing of the code inside."""

import json
import socket
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import websockets.sync.client
from websockets.sync.connection import Connection

PATIENCE_S = 60.0


class Refused(Exception):
    """An answer that was not wanted."""


def code_of(answer: httpx.Response) -> str:
    """What a refusal is called; its status when it says nothing we know."""
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return str(answer.status_code)


class Host:
    """One business's host. Connections go to the loopback address, the name goes into Host: no resolver knows it."""

    def __init__(self, name: str, port: int, *, token: str = "") -> None:
        self.name = name
        self.port = port
        self.token = token
        self.refresh = ""
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)

    def as_(self, token: str) -> "Host":
        """The same host with another person's token."""
        return Host(self.name, self.port, token=token)

    def call(self, method: str, path: str, body: Any = None, *, key: str = "", **more: Any) -> httpx.Response:
        headers = {"Host": f"{self.name}:{self.port}", **more.pop("headers", {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            more["json"] = body
        while True:
            answer = self.http.request(method, f"/api/v1/{path}", headers=headers, **more)
            # Told to wait, at most a minute. Other limits, such as those of codes by SMS, may be an hour's: an answer.
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS or code_of(answer) != "http.throttled":
                return answer
            time.sleep(int(answer.headers["Retry-After"]))

    def get(self, path: str) -> Any:
        return self._wanted(self.call("GET", path))

    def post(self, path: str, body: Any = None, *, key: str = "", **more: Any) -> Any:
        return self._wanted(self.call("POST", path, body, key=key, **more))

    def all(self, path: str) -> list[dict[str, Any]]:
        """Every row of a list, page by page."""
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            join = "&" if "?" in path else "?"
            page = self.get(f"{path}{join}limit=200" + (f"&cursor={cursor}" if cursor else ""))
            rows += page["results"]
            cursor = page["next"] or ""
            if not cursor:
                return rows

    def login(self, email: str, password: str, **more: str) -> "Host":
        return self.signed_in(self.post("auth/login", {"email": email, "password": password, **more}))

    def signed_in(self, tokens: dict[str, Any]) -> "Host":
        person = self.as_(tokens["access"])
        person.refresh = tokens["refresh"]
        return person

    def renew(self) -> None:
        """Trade the refresh token: the access token lives a quarter of an hour."""
        tokens = self.as_("").post("auth/refresh", {"refresh": self.refresh})
        self.token, self.refresh = tokens["access"], tokens["refresh"]

    def live(self) -> "Socket":
        """Open `/ws/live/`, the token in the subprotocol."""
        connection = websockets.sync.client.connect(
            f"ws://{self.name}:{self.port}/ws/live/",
            sock=socket.create_connection(("127.0.0.1", self.port), timeout=10),
            subprotocols=["bearer", self.token],  # type: ignore[list-item]
        )
        return Socket(connection)

    @staticmethod
    def _wanted(answer: httpx.Response) -> Any:
        if not answer.is_success:
            raise Refused(
                f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}"
            )
        return answer.json() if answer.content else None


class Socket:
    """The one socket of a tab."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.kept: list[dict[str, Any]] = []

    def say(self, type_: str, topic: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a frame and give the server's answer to it."""
        frame = {"type": type_, "topic": topic, "data": data or {}, "id": str(uuid4())}
        self.connection.send(json.dumps(frame))
        return self.next(lambda heard: heard.get("id") == frame["id"])

    def next(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message that is wanted; others are kept for whoever asks later."""
        for heard in self.kept:
            if wanted(heard):
                self.kept.remove(heard)
                return heard
        deadline = time.monotonic() + PATIENCE_S
        while True:
            heard = json.loads(self.connection.recv(timeout=max(0.0, deadline - time.monotonic())))
            if wanted(heard):
                return heard
            self.kept.append(heard)

    def close(self) -> None:
        self.connection.close()


def until(what: str, look: Callable[[], Any], *, patience_s: float = PATIENCE_S) -> Any:
    """Look again until there is something to see. Raises Refused naming `what` when patience ends.

    Less and less often: who looks at a door ten times a second is soon told to wait.
    """
    deadline, pause = time.monotonic() + patience_s, 0.05
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        time.sleep(pause)
        pause = min(pause * 1.15, 0.5)
    raise Refused(f"{what} did not come within {patience_s:.0f} s")
