"""A warehouse that an older version made goes over with one `simrace run`, and is then what a clean build makes.

`older_version` holds one of commit 21ed15e, small and invented; its README says what is in it.
"""

import csv
import shutil
import tarfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simrace.generator.catalogue import ALDERBROOK, MERLIN, SALTMARSH
from simrace.generator.motec import write_acc_export
from simrace.generator.session import Driver, Session
from tests.conftest import NO_TESTS, ROOT, Warehouse
from tests.reliability.conftest import assert_bytes, differences, home_of
from tests.reliability.test_kill import empty

OLDER_VERSION = Path(__file__).parent / "older_version" / "warehouse.tar.xz"
FORGOTTEN = "results/83403753.json"
RETIRED_DRIVER = "iracing:name:Wren Halloran"  # drove one session, which is retired
TABLES_OF_SESSIONS = (
    "select table_name from information_schema.columns where table_schema = 'marts' and column_name = 'session_id'"
)


@pytest.fixture(scope="module")
def older(harm_folder: Path) -> Path:
    with tarfile.open(OLDER_VERSION) as archive:
        archive.extractall(harm_folder / "older", filter="data")
    return harm_folder / "older"


@pytest.fixture(scope="module")
def project(harm_folder: Path, older: Path) -> Path:
    """This version's project with the users' rows in its seeds, as `git pull` leaves it."""
    copy = copy_of_project(harm_folder / "project")
    for theirs in (older / "seeds").iterdir():
        with theirs.open(encoding="utf-8", newline="") as file:
            add_rows(copy / "seeds" / theirs.name, csv.DictReader(file))
    return copy


def copy_of_project(copy: Path) -> Path:
    copy.mkdir()
    for path in ROOT.iterdir():
        if path.name != "seeds" and not path.name.startswith("."):
            (copy / path.name).symlink_to(path)
    shutil.copytree(ROOT / "seeds", copy / "seeds")
    return copy


def add_rows(seed: Path, rows: Iterable[Mapping[str, object]]) -> None:
    with seed.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    with seed.open("a", encoding="utf-8", newline="") as out:
        csv.DictWriter(out, columns, lineterminator="\n").writerows(rows)


def in_project(warehouse: Warehouse, project: Path) -> Warehouse:
    return Warehouse(warehouse.folder, {**warehouse.environment, "SIMRACE_PROJECT": str(project)})


def rows_of_sessions(warehouse: Warehouse, session_id: str) -> dict[str, object]:
    """Rows of a session, by mart."""
    tables = [str(table) for (table,) in warehouse.query(TABLES_OF_SESSIONS)]
    return {
        table: warehouse.query(f"select count(*) from marts.{table} where session_id = '{session_id}'")[0][0]
        for table in tables
    }


def session_of(warehouse: Warehouse) -> str:
    [(session_id,)] = warehouse.query(f"select session_id from marts.dim_sessions where driver_id = '{RETIRED_DRIVER}'")
    return str(session_id)


def retire(warehouse: Warehouse, session_id: str) -> None:
    """Let go of one session's lines as `simrace retain` does, whatever today's date is."""
    warehouse.query(
        "create table public.starts as select session_id, session_started_at from marts.dim_sessions;"
        "update marts.dim_sessions set session_started_at = now() - "
        f"case when session_id = '{session_id}' then interval '4 months' else interval '0' end returning 1"
    )
    warehouse.run("simrace", "retain", "--apply", "--yes")
    warehouse.query(
        "update marts.dim_sessions set session_started_at = starts.session_started_at from public.starts "
        "where dim_sessions.session_id = starts.session_id returning 1"
    )


@pytest.mark.slow
def test_a_warehouse_of_an_older_version_goes_over_with_one_run(
    server: Warehouse, harm_folder: Path, older: Path, project: Path
) -> None:
    """With users' aliases, layouts, corners; a session retired, a file forgotten, one refused, a load left half-way."""
    empty(server)
    server.run("simrace", "db", "psql", "-qf", older / "warehouse.sql")
    for kept in ("dlt", "refused"):
        shutil.copytree(older / kept, home_of(server) / kept)
    upgraded = in_project(server, project)
    session_id = session_of(upgraded)
    sessions = upgraded.query("select session_id from marts.dim_sessions")
    before, pins = rows_of_sessions(upgraded, session_id), upgraded.query("select count(*) from ops.pins")
    assert before["fct_laps"] and not before["fct_telemetry_samples"]

    refused = upgraded.run("dbt", "seed", "--project-dir", project, check=False)
    assert "an older simrace landed these files. Call `simrace run` once" in refused.stdout
    upgraded.run("simrace", "run", older / "files")

    after = rows_of_sessions(upgraded, session_id)
    assert {mart: rows for mart, rows in after.items() if mart in before and rows != before[mart]} == {}, (
        f"rows of the retired session were lost or changed; before: {before}, after: {after}"
    )
    assert set(sessions) == set(upgraded.query("select session_id from marts.dim_sessions"))
    assert upgraded.query("select count(*) from ops.pins") == pins
    assert upgraded.query("select is_retired from marts.dim_sessions where session_id = '" + session_id + "'") == [
        (True,)
    ]
    names = [str(name) for (name,) in upgraded.query("select file_name from raw.file_sightings")]
    assert "eventresult_28242002.csv" in names, "the load that was left half-way"
    assert Path(FORGOTTEN).name not in names, "what was forgotten came back"
    assert "Nothing is new" in upgraded.run("simrace", "run", older / "files").stdout, "one run is enough"
    assert_bytes(upgraded)

    clean = in_project(server.other("upgraded"), project)
    clean.run("simrace", "land", older / "files")
    clean.run("simrace", "forget", older / "files" / FORGOTTEN, "--yes")
    clean.run("simrace", "land", older / "files")
    clean.query("update raw.files set text_id = null, repairs = null returning 1")  # older versions wrote neither
    clean.run("dbt", "build", "--project-dir", project, *NO_TESTS)
    retire(clean, session_id)
    clean.run("dbt", "build", "--project-dir", project, *NO_TESTS)
    assert clean.query(f"select is_retired from marts.dim_sessions where session_id = '{session_id}'") == [(True,)]
    # what is made from the retired session's rows is as old as they are
    retired = {"session_id": session_id, "reference_session_id": session_id, "driver_id": RETIRED_DRIVER}
    assert differences(upgraded, clean, retired) == []


@pytest.mark.slow
def test_rows_for_motec_hold_when_the_sim_of_a_log_becomes_known(server: Warehouse, harm_folder: Path) -> None:
    """Versions that knew no writers called every log of MoTeC's `motec`, and so did the seeds of their users."""
    project = copy_of_project(harm_folder / "project_of_motec")
    seeds, files = project / "seeds", harm_folder / "logs_of_acc"
    files.mkdir()
    for day, layout in ((22, ALDERBROOK), (23, SALTMARSH)):
        session = Session(layout, MERLIN, Driver("Kester Jelvik"), 2, (31, day))
        [log] = write_acc_export(files, session, datetime(2026, 3, day, 20, 5, tzinfo=UTC))
        log.write_text(log.read_text("ascii").replace('"Driver",""', '"Driver","K. JELVIK"'), "ascii")
    frozen = f"motec:{SALTMARSH.name.lower()}"
    corner = {"corner_number": 1, "direction": "left", "start_m": 300, "apex_m": 400, "end_m": 500}
    speed = {"source_format": "motec_i2_csv", "source_channel": "SPEED", "source_unit": "km/h", "only_device": "ADL"}
    for seed, row in {
        "telemetry_channels": {
            **speed,
            "canonical_channel": "speed_kph",
            "factor": 1,
            "offset_value": 0,
            "priority": 1,
        },
        "driver_aliases": {"sim": "motec", "driver_name": "K. JELVIK", "driver_id": "acc:S7"},
        "car_aliases": {"sim": "motec", "car_name": MERLIN.name, "car_id": "acc:31"},
        "track_aliases": {"sim": "motec", "track_name": ALDERBROOK.name, "layout_id": "acc:alderbrook"},
        "track_layouts": {"layout_id": frozen, "length_m": 4300},
        "track_corners": {"layout_id": frozen, **corner},
    }.items():
        add_rows(seeds / f"{seed}.csv", [row])
    known = (seeds / "log_writers.csv").read_text("utf-8")
    (seeds / "log_writers.csv").write_text(known.splitlines(keepends=True)[0], "utf-8")
    warehouse = in_project(server.other("motec"), project)
    told = (
        "select session_id, driver_id, car_id, layout_id, length_m, length_source, count(corner_number), max(apex_m) "
        "from marts.dim_sessions inner join marts.dim_track_layouts using (layout_id) "
        "left join marts.dim_track_corners using (layout_id) group by 1, 2, 3, 4, 5, 6 order by layout_id"
    )

    warehouse.run("simrace", "run", files)
    assert warehouse.query("select distinct sim from marts.dim_sessions") == [("motec",)]
    aliased, of_motec = warehouse.query(told)
    assert aliased[1:4] == ("acc:S7", "acc:31", "acc:alderbrook")
    assert of_motec[3:6] == (frozen, 4300, "seed") and of_motec[6:] == (1, 400)

    (seeds / "log_writers.csv").write_text(known, "utf-8")
    warehouse.run("simrace", "run", files)
    assert warehouse.query("select distinct sim from marts.dim_sessions") == [("acc",)]
    aliased_still, of_acc = warehouse.query(told)
    assert aliased_still[:4] == aliased[:4]
    assert of_acc == (*of_motec[:3], frozen.replace("motec", "acc"), *of_motec[4:])
    assert warehouse.query("select layout_id from marts.dim_track_layouts where layout_id like 'motec:%'") == []
