"""A warehouse to do harm to: a server of its own, small files of every kind, and what an unharmed run makes of them."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.sample.season import write_season
from ingestion.sample.telemetry import write_telemetry
from ingestion.verify import prove_bytes
from tests.conftest import BIN, ROOT, Warehouse

NO_TESTS = ("--exclude", "resource_type:test", "resource_type:unit_test")
TELEMETRY_LINES = 2_500
# What staging reads must be there once; repeats that a crash left may lie in raw, unread.
KEYS = {
    "stg_files__files": "file_id",
    "stg_files__blocks": "file_id, block_number",
    "stg_files__sightings": "file_id, file_path, modified_at",
}


def make_warehouse(folder: Path, home: Path | None = None) -> Warehouse:
    """A warehouse with a home of its own; its server starts with the first command."""
    hidden = ("SIMRACE_", "PG", "DBT_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    environment |= {
        "SIMRACE_HOME": str(home or folder / "home"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "COLUMNS": "160",
    }
    return Warehouse(folder, environment)


def home_of(warehouse: Warehouse) -> Path:
    return Path(warehouse.environment["SIMRACE_HOME"])


def administer(warehouse: Warehouse) -> Connection:
    """A connection to the server's other database, so that nobody waits for it."""
    connection: Connection = psycopg2.connect(warehouse.url.rpartition("/")[0] + "/postgres")
    connection.autocommit = True
    return connection


def begin(warehouse: Warehouse, *command: str | Path) -> subprocess.Popen[str]:
    """Start a command and go on; it has a process group of its own, and listens to Ctrl-C though pytest does not."""
    return subprocess.Popen(
        [BIN / str(command[0]), *map(str, command[1:])],
        cwd=ROOT,
        env=warehouse.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def assert_whole(warehouse: Warehouse, marts: dict[str, object]) -> None:
    """What an unharmed run makes: every mart the same, no row read twice, every file rebuilt to the byte."""
    found = warehouse.checksums()
    assert found.keys() == marts.keys()
    assert {mart for mart in marts if found[mart] != marts[mart]} == set()
    for view, key in KEYS.items():
        assert warehouse.query(f"select {key} from staging.{view} group by {key} having count(*) > 1") == []
    assert_bytes(warehouse)


def assert_bytes(warehouse: Warehouse) -> None:
    """As `simrace verify` proves them, without the data tests, which `simrace run` has just passed."""
    with closing(psycopg2.connect(warehouse.url)) as connection:
        proofs = list(prove_bytes(connection))
    assert proofs
    assert [proof.file_id for proof in proofs if not proof.is_same] == []


def write_small_set(folder: Path) -> list[Path]:
    """Every format, a log in two exports, a race as CSV and JSON, copies, a heat, teams, an ACC evening; under 5 MB."""
    telemetry, _ = write_telemetry(folder, 4, seed=5)
    for path in telemetry:
        modified = path.stat().st_mtime
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:TELEMETRY_LINES]))
        os.utime(path, (modified, modified))
    return [*telemetry, *write_season(folder, 14, seed=5)[0]]


@pytest.fixture(scope="session")
def harm_folder() -> Iterator[Path]:
    # Not pytest's: as root the server runs as an ordinary user, who cannot enter that.
    folder = Path(tempfile.mkdtemp(prefix="simrace-harm-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def files(harm_folder: Path) -> Path:
    """The small set in two folders, `first` and `then`."""
    for number, path in enumerate(sorted(write_small_set(harm_folder / "files"))):
        batch = harm_folder / "files" / ("then" if number % 2 else "first")
        batch.mkdir(exist_ok=True)
        path.rename(batch / path.name)
    return harm_folder / "files"


@pytest.fixture(scope="session")
def server(harm_folder: Path) -> Iterator[Warehouse]:
    """The warehouse of the embedded server; tests may kill it, and take its database for theirs."""
    made = make_warehouse(harm_folder / "server")
    yield made
    made.run("simrace", "db", "stop", check=False)


@pytest.fixture(scope="session")
def unharmed(server: Warehouse, files: Path) -> Warehouse:
    """One run over all files, in a database that nobody harms."""
    made = server.other("unharmed")
    made.run("simrace", "run", files)
    return made
