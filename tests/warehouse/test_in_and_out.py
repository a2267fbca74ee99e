"""What goes out of the warehouse comes in again, by `simrace watch`; the API builds it as the command line does."""

import os
import shutil
import signal
import subprocess
import threading
from contextlib import closing
from copy import deepcopy
from pathlib import Path

import psycopg2
import pytest
import requests

from simrace.build.dbt import ParsedProject, run_dbt, set_for_dbt
from simrace.build.project import project_directory
from simrace.database.connection import connection_parameters
from simrace.export.motec import export_lap
from simrace.export.tables import ExportError, Format, export_table, list_marts
from tests.conftest import AFTER_TELEMETRY, Warehouse
from tests.reliability.conftest import begin

BEST_LAP = """
    select
        laps.session_id::text, laps.lap_number, cast(laps.lap_time_s as float), cast(sessions.sample_rate_hz as float),
        sessions.session_started_at
    from marts.fct_laps as laps join marts.dim_sessions as sessions using (session_id)
    where sessions.source_format = '{}' and laps.lap_class = 'pace' order by laps.lap_time_s, 1, 2 limit 1
"""
# Second of the lap, and what was measured then, as far as the export keeps decimals.
SAMPLES = """
    select
        samples.elapsed_s - laps.started_elapsed_s,
        samples.speed_kph, samples.throttle_ratio, samples.brake_ratio, samples.steering_deg, samples.gear,
        samples.fuel_l
    from marts.fct_telemetry_samples as samples join marts.fct_laps as laps using (session_id)
    where
        samples.session_id = '{}' and laps.lap_number = {} and samples.elapsed_s >= laps.started_elapsed_s
        and samples.elapsed_s < laps.started_elapsed_s + laps.measured_lap_time_s - 0.0005
    order by samples.elapsed_s
"""


@pytest.fixture(scope="module")
def copy(warehouse: Warehouse) -> Warehouse:
    """To land into: other tests want theirs as it is."""
    return warehouse.other("copied", is_copy=True)


def read_until(process: subprocess.Popen[str], words: str, seconds: float = 300) -> str:
    """What the process prints, up to the line with these words; it is killed where that line does not come."""
    assert process.stdout
    said = ""
    late = threading.Timer(seconds, process.kill)
    late.start()
    for line in process.stdout:
        said += line
        if words in line:
            break
    late.cancel()
    return said


@pytest.fixture(scope="module")
def exported(warehouse: Warehouse) -> list[tuple[Path, tuple[object, ...]]]:
    """Files of exported laps, each with the session, number, time, rate and start of the lap."""
    folder = warehouse.folder / "exports"
    laps = []
    for source_format in ("iracing_mu_csv", "motec_i2_csv"):
        (lap,) = warehouse.query(BEST_LAP.format(source_format))
        laps.append((folder / f"{source_format}.csv", lap))
        warehouse.run("simrace", "export", "lap", str(lap[0]), str(lap[1]), "-o", laps[-1][0])
    return laps


def test_an_exported_lap_is_of_the_session_it_came_from(
    copy: Warehouse, exported: list[tuple[Path, tuple[object, ...]]]
) -> None:
    """Landed again where that session is, it says nothing new."""
    folder = copy.folder / "watched"
    folder.mkdir()
    seen = "select session_id, lap_number, lap_time_s, sample_count from marts.fct_laps order by 1, 2"
    before = copy.query(seen)
    watching = begin(copy, "simrace", "watch", folder, "--interval", "0.5")
    try:
        for file, _ in exported:
            shutil.copy(file, folder)
        said = read_until(watching, "built in")
    finally:
        watching.send_signal(signal.SIGINT)
        rest, _ = watching.communicate(timeout=60)
    said += rest
    assert watching.returncode == 0, said
    assert "2 files: 2 landed, 0 already landed, 0 refused; built in" in said
    assert said.rstrip().endswith("Stopped.")
    for file, (session, *_) in exported:
        found = copy.query(f"select state, session_id::text from marts.file_quality where file_name = '{file.name}'")
        assert found == [("superseded", session)]
    assert copy.query(seen) == before


def test_an_invocation_of_dbt_leaves_nothing_to_the_next(copy: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dbt writes what it compiles into the manifest, and our hooks what they have read from the warehouse."""
    for name in os.environ.keys() | copy.environment.keys():
        if name.startswith(("SIMRACE_", "PG", "DBT_")):
            monkeypatch.setenv(name, copy.environment[name]) if name in copy.environment else monkeypatch.delenv(name)
    database, project, parsed = connection_parameters(), project_directory(), ParsedProject()

    def given() -> object:
        with set_for_dbt(database, project):
            manifest = parsed.manifest(project)
        nodes = {name: node.to_dict() for name, node in manifest.nodes.items()}
        return deepcopy((manifest.flat_graph, nodes))

    before = given()
    for _ in range(2):  # a foreign key that has been compiled cannot be compiled again
        run_dbt(["compile", "--select", "fct_race_results", "--no-write-json"], database, parsed=parsed)
    sessions = "select sessions from pg_stat_database where datname = current_database()"
    [(opened,)] = copy.query(sessions)
    done = run_dbt(["run", "--select", "staging.files", "--no-write-json"], database, parsed=parsed)
    assert given() == before
    assert not copy.query(
        "select pid from pg_stat_activity where datname = current_database() and application_name = 'simrace dbt'"
    )
    # a connection for each of dbt's threads, of which some look at the catalog first, and not for each node
    assert int(str(copy.query(sessions)[0][0])) - int(str(opened)) < 10 < done.counts["success"]


def test_an_exported_lap_is_the_same_lap_where_its_session_is_not(
    warehouse: Warehouse, built: Warehouse, exported: list[tuple[Path, tuple[object, ...]]]
) -> None:
    other = built.other("alone", is_copy=True)
    other.run("simrace", "land", *(file for file, _ in exported))
    other.run("dbt", "build", *AFTER_TELEMETRY)
    assert other.query("select count(*) from marts.dim_sessions") == [(len(exported),)]
    for _, (session, lap, lap_time_s, rate_hz, started_at) in exported:
        found = other.query(
            "select lap_number, lap_class, session_started_at, cast(lap_time_s as float) from marts.fct_laps "
            f"where session_id = '{session}'"
        )
        assert [row[:3] for row in found] == [(lap, "pace", started_at)]
        period = 1 / float(str(rate_hz))
        assert found[0][3] == pytest.approx(lap_time_s, abs=1.5 * period)
        before = warehouse.query(SAMPLES.format(session, lap))
        after = other.query(SAMPLES.format(session, lap))
        assert abs(len(after) - len(before)) <= 1
        for was, now in zip(before, after, strict=False):
            assert now[0] == pytest.approx(was[0], abs=1.1 * period)
            assert now[1:] == pytest.approx(was[1:], abs=0.0051)


def test_what_cannot_be_exported_is_told(warehouse: Warehouse, tmp_path: Path) -> None:
    session = str(warehouse.query("select session_id::text from marts.dim_sessions limit 1")[0][0])
    with closing(psycopg2.connect(warehouse.url)) as connection:
        with pytest.raises(ExportError, match="nothing is no session_id"):
            export_lap(connection, "nothing", 1, tmp_path / "lap.csv")
        with pytest.raises(ExportError, match="There is no lap 99"):
            export_lap(connection, session, 99, tmp_path / "lap.csv")
    assert not list(tmp_path.iterdir())


def test_every_mart_has_types_that_both_formats_hold(warehouse: Warehouse, tmp_path: Path) -> None:
    with closing(psycopg2.connect(warehouse.url)) as connection:
        marts = list_marts(connection)
        assert {"fct_laps", "lap_comparisons"} < {mart.name for mart in marts}
        assert all(mart.description for mart in marts)
        for mart in marts:
            for file_format in Format:
                assert export_table(connection, mart.name, tmp_path / mart.name, file_format, "false").rows == 0


@pytest.mark.slow
def test_the_api_builds_marts_and_the_training_table(warehouse: Warehouse, copy: Warehouse) -> None:
    race, rows = warehouse.query("select subsession_id, count(*) from marts.ml_training_data group by 1 order by 1")[0]
    file = next((warehouse.folder / "files").rglob("*.csv"))
    serving = begin(copy, "simrace", "serve", "--port", "0")
    try:
        assert serving.stdout
        url = serving.stdout.readline().split()[2].rstrip(",")
        with file.open("rb") as content:
            answer = requests.post(f"{url}/api/v1/upload?rows=3", files={"files": content}, timeout=600).json()
        assert (answer["is_built"], answer["files"][0]["state"]) == (True, "already_landed")
        answer = requests.post(
            f"{url}/api/v1/collect/training-data", json={"subsession_ids": [race]}, timeout=600
        ).json()
        assert (answer["races"], answer["rows"], len(answer["keys"]), answer["without_rows"]) == (1, rows, rows, [])
    finally:
        serving.send_signal(signal.SIGINT)
        serving.communicate(timeout=60)
    assert serving.returncode == 0
