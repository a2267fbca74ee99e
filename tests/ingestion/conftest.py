"""A server for the tests of landing, and a database for each of them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from simrace.database import server
from simrace.database.connection import ConnectionParameters
from tests.conftest import let_go_of_the_disk, own_server

_numbers = count(1)


@pytest.fixture(scope="session")
def landing_server() -> Iterator[server.Server]:
    # Not pytest's folder: as root the server runs as an ordinary user, who cannot enter it.
    home = Path(tempfile.mkdtemp(prefix="simrace-landing-"))
    home.chmod(0o711)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMRACE_HOME", str(home))
        patch.delenv("SIMRACE_DATABASE_URL", raising=False)
        for name, value in own_server(home).items():
            patch.setenv(name, value)
        started = server.start()
    let_go_of_the_disk(started.url)
    yield started
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMRACE_HOME", str(home))
        server.stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def database(landing_server: server.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ConnectionParameters:
    """An empty database, which the environment names."""
    name = f"l{next(_numbers):06}"  # as long as the usual one, so that it can have the parsed project
    with closing(ConnectionParameters(landing_server.settings).connect()) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"create database {name}")
    made = ConnectionParameters({**landing_server.settings, "dbname": name})
    monkeypatch.setenv("SIMRACE_DATABASE_URL", made.url)
    monkeypatch.setenv("SIMRACE_HOME", str(tmp_path / "home"))
    return made
