"""The API on a real uvicorn, in a thread of the test; a database of its own for each test."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest
import requests
import uvicorn

from simrace.api.app import create_app
from simrace.api.settings import Settings
from simrace.build import last_build
from simrace.build.dbt import BuildResult
from simrace.database.connection import ConnectionParameters
from simrace.operations import commands
from tests.ingestion.conftest import database, landing_server
from tests.ingestion.test_parsed_project import parses, project

__all__ = ["database", "landing_server", "parses", "project"]

TOKEN = "a-token-that-nobody-guesses"  # noqa: S105


@dataclass
class Api:
    """A server to ask.

    Attributes:
        port: On 127.0.0.1.
        token: Shown with every request; none when empty.
    """

    port: int
    token: str
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def ask(self, method: str, path: str, **keywords: object) -> requests.Response:
        headers = {**self.headers, **keywords.pop("headers", {})}  # type: ignore[dict-item]
        return self.session.request(method, self.url + path, headers=headers, timeout=60, **keywords)  # type: ignore[arg-type]

    def upload(self, *files: tuple[str, bytes], query: str = "") -> requests.Response:
        return self.ask("POST", f"/api/v1/upload{query}", files=[("files", file) for file in files])


@contextmanager
def served(settings: Settings) -> Iterator[Api]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield Api(listening.getsockname()[1], settings.token)
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def serve(database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Api]]:
    """Start a server with settings of the test's; a build is only counted, in `builds`."""
    monkeypatch.setattr(commands, "run_dbt", lambda *_: BuildResult())
    monkeypatch.setattr(commands, "prepare", lambda *_: None)
    monkeypatch.setattr(last_build, "record", lambda *_: None)  # its table is made by dbt, which does not run here
    with ExitStack() as servers:
        yield lambda **settings: servers.enter_context(
            served(Settings(**{"token": TOKEN, "requests_per_minute": 0, **settings}))
        )


@pytest.fixture
def api(serve: Callable[..., Api]) -> Api:
    return serve()
