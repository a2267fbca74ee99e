"""A warehouse to harm: its own server, small files of every kind, and what an unharmed run makes of them."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.generator.catalogue import ALDERBROOK, MERLIN
from simrace.generator.iracing_ibt import write_ibt
from simrace.generator.motec_ld import write_acti_ld
from simrace.generator.season import write_season
from simrace.generator.session import Driver, Session
from simrace.generator.telemetry import write_telemetry
from simrace.operations.log_proof import Proof
from simrace.operations.verify import prove_bytes
from tests.commands import BIN
from tests.conftest import HISTORY, LIVE, ROOT, SAMPLES_OF_LOGS, Warehouse, let_go_of_the_disk, own_server
from tests.parsed_project import give_parsed_project

TELEMETRY_LINES = 2_500
IBT_BYTES = 500_001
# Staging must read each row once. Raw may hold repeats from a crash, which staging leaves out.
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
        **own_server(folder),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_LOG_LEVEL_FILE": "info",
        "DBT_WRITE_JSON": "false",
        "COLUMNS": "160",
    }
    give_parsed_project(environment)
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
    """Assert what an unharmed run makes: every mart the same, no row read twice, every file rebuilt to the byte."""
    found = warehouse.checksums()
    assert found.keys() == marts.keys()
    assert {mart for mart in marts if found[mart] != marts[mart]} == set()
    for view, key in KEYS.items():
        assert warehouse.query(f"select {key} from staging.{view} group by {key} having count(*) > 1") == []
    assert_bytes(warehouse)


def differences(
    warehouse: Warehouse,
    other: Warehouse,
    left_out: Mapping[str, str],
    columns_left_out: Collection[str] = ("landed_at",),
) -> list[str]:
    """Compare the marts of two warehouses: a line for each mart that differs.

    Args:
        warehouse: One.
        other: The other.
        left_out: Rows that are not compared: values by column, for the marts that have the column.
        columns_left_out: Columns that are not compared.
    """
    found = []
    columns, other_columns = (_columns_of_marts(each) for each in (warehouse, other))
    for mart in sorted(columns.keys() | other_columns.keys()):
        here, there = columns.get(mart, set()), other_columns.get(mart, set())
        if here != there:
            found.append(f"{mart}: columns only in one are {sorted(here ^ there)}")
            continue
        compared = sorted(here - set(columns_left_out))
        sums, other_sums = (_sums(each, mart, compared, left_out) for each in (warehouse, other))
        if sums != other_sums:
            names = [name for name in compared if sums[name] != other_sums[name]]
            found.append(f"{mart}: {sums['count']} and {other_sums['count']} rows, not the same in {names or 'order'}")
    return found


def _columns_of_marts(warehouse: Warehouse) -> dict[str, set[str]]:
    marts: dict[str, set[str]] = {}
    for mart, column in warehouse.query(
        "select table_name, column_name from information_schema.columns where table_schema = 'marts'"
    ):
        if mart not in (*HISTORY, *LIVE, SAMPLES_OF_LOGS):
            marts.setdefault(str(mart), set()).add(str(column))
    return marts


def _sums(warehouse: Warehouse, mart: str, columns: list[str], left_out: Mapping[str, str]) -> dict[str, object]:
    """Number of rows, and a sum over each column and over whole rows."""
    hashed = "sum(cast(('x' || substr(md5(({})::text), 1, 15)) as bit(60))::bigint)"
    each = ", ".join(hashed.format(f'"{column}"') for column in columns)
    whole = hashed.format("row({})".format(", ".join(f'"{column}"' for column in columns)))
    kept = " and ".join(f"{name}::text is distinct from '{left_out[name]}'" for name in left_out if name in columns)
    [row] = warehouse.query(f"select count(*), {whole}, {each} from marts.{mart} where {kept or 'true'}")
    return dict(zip(("count", "rows", *columns), row, strict=True))


def assert_bytes(warehouse: Warehouse) -> None:
    """As `simrace verify` proves them, without the data tests, which `simrace run` has just passed."""
    with closing(psycopg2.connect(warehouse.url)) as connection:
        proofs = dict(prove_bytes(connection))
    assert proofs
    proven = {Proof.REBUILT, Proof.READ_AGAIN}
    assert {file_id: proof for file_id, proof in proofs.items() if proof not in proven} == {}


def write_small_set(folder: Path) -> list[Path]:
    """Every kind, a log in two exports, a race as CSV and JSON, copies, a heat, teams, an ACC evening; under 5 MB."""
    telemetry, _ = write_telemetry(folder, 4, seed=5)
    for path in telemetry:
        modified = path.stat().st_mtime
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:TELEMETRY_LINES]))
        os.utime(path, (modified, modified))
    return [*telemetry, *write_season(folder, 14, seed=5)[0], *_write_logs(folder)]


def _write_logs(folder: Path) -> list[Path]:
    """Two short logs; the .ibt ends in a record, as where the sim was ended."""
    session = Session(ALDERBROOK, MERLIN, Driver("Kester Jelvik"), 0, (5, 200))
    started_at = datetime(2025, 6, 8, 19, 30, 5, tzinfo=UTC)
    logs = [*write_ibt(folder, session, started_at), *write_acti_ld(folder, session, started_at)]
    modified = logs[0].stat().st_mtime
    os.truncate(logs[0], IBT_BYTES)
    os.utime(logs[0], (modified, modified))
    return logs


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
    let_go_of_the_disk(made.url)
    yield made
    made.end()


@pytest.fixture(scope="session")
def unharmed(server: Warehouse, files: Path) -> Warehouse:
    """One run over all files, in a database that nobody harms."""
    made = server.other("unharmed")
    made.run("simrace", "run", files)
    return made
