"""After forgetting, the marts are those of a clean build on what is left; after a replay the lines are in."""

import shutil
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from simrace.generator.assetto_corsa_results import FIRST_GUID
from simrace.generator.drivers import make_visitors
from simrace.operations.forget import find_driver
from tests.conftest import AGAIN, NO_TESTS, Warehouse, copy_project

LOST_CLOCK = "lost clock.csv"


def with_project_of_its_own(made: Warehouse) -> Warehouse:
    """Its seeds may be changed."""
    project = copy_project(made.folder / "project")
    return Warehouse(made.folder, {**made.environment, "SIMRACE_PROJECT": str(project)})


def take_files(source: Path, target: Path) -> None:
    """Two files of one session and two of one race, others beside them, refused ones, one without a known clock."""
    telemetry, results = sorted((source / "telemetry").iterdir()), sorted((source / "results").iterdir())
    whole = next(file for file in telemetry if file.name.endswith("_gp.csv") and "lap" not in file.name)
    wanted = [whole, whole.with_stem(f"{whole.stem}_lap3")]
    wanted += [file for file in telemetry if file.name.startswith("Garage")]
    wanted += [file for file in results if file.suffix in (".csv", ".xml") or file.name[:4].isdigit()]
    wanted += [file for file in (source).rglob("*") if file.name in ("shopping.csv", "truncated.json", "empty.csv")]
    target.mkdir()
    for file in wanted:
        shutil.copy2(file, target)
    # The name of a column is all that says it is the clock.
    lines = next(file for file in reversed(telemetry) if is_acc(file)).read_text().splitlines(keepends=True)[:600]
    (target / LOST_CLOCK).write_text("".join(lines).replace("Time,", "Uhr,", 1))


def is_acc(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.readline().startswith(b"Time,")


def relations_with(here: Warehouse, texts: tuple[str, ...], relations: set[str] | None = None) -> set[str]:
    """Which relations hold one of the texts in some row: of those given, or of all but samples, which are numbers."""
    patterns = ", ".join(f"'%{text}%'" for text in texts)
    known = here.query(
        "select table_schema || '.' || table_name from information_schema.tables where table_schema "
        "in ('raw', 'staging', 'intermediate', 'marts', 'ops') and table_name !~ '(samples|channel_values)$'"
    )
    return {
        relation
        for relation in relations or {str(name) for (name,) in known}
        if here.query(f"select exists (select from {relation} as r where cast(r as text) like any(array[{patterns}]))")
        == [(True,)]
    }


@pytest.mark.slow
def test_refused_lines_are_judged_again_with_a_new_row_in_a_seed(warehouse: Warehouse) -> None:
    here = with_project_of_its_own(warehouse.other("replayed"))
    files = here.folder / "files"
    take_files(warehouse.folder / "files", files)
    here.run("simrace", "land", files)
    here.run("dbt", "build", *NO_TESTS, "--project-dir", here.environment["SIMRACE_PROJECT"])
    lost = f"select lines_read, lines_refused from marts.file_quality where file_name = '{LOST_CLOCK}'"
    [(lines, refused_lines)] = here.query(lost)
    assert lines == refused_lines != 0
    all_refused = "select sum(lines_refused)::int from marts.file_quality"
    [(before,)] = here.query(all_refused)
    seed = Path(here.environment["SIMRACE_PROJECT"]) / "seeds" / "telemetry_channels.csv"
    with seed.open("a", encoding="utf-8") as rows:
        rows.write("acc_motec_csv,Uhr,,elapsed_s,1,0,1,,\n")
    (files / "shopping.csv").unlink()
    done = here.run("simrace", "replay")
    assert here.query(lost) == [(lines, 0)]
    assert "3 refused files tried again: 0 landed, 3 stay" in done.stdout
    assert "shopping.csv: stays, unknown_format" in done.stdout
    [(after,)] = here.query(all_refused)
    assert f"{before:,} refused lines judged again: {after:,} are refused now" in done.stdout


def test_what_is_forgotten_leaves_no_trace(warehouse: Warehouse, built: Warehouse) -> None:
    """A lap, a race, files that superseded another of a session and of a race, a refused and an empty one."""
    here = built.other("forgetful", is_copy=True)
    files = here.folder / "files"
    take_files(warehouse.folder / "files", files)
    here.run("simrace", "land", files)
    here.run("dbt", "build", *AGAIN)
    judged = "select count(*) filter (where state = 'refused'), count(*) from marts.file_quality"
    assert here.query(judged) == [(3, sum(1 for _ in files.iterdir()))], "each file in one state, none twice"

    winner = next(file for file in files.glob("*.json") if (files / f"eventresult_{file.stem}.csv").exists())
    single = next(file for file in files.glob("[0-9]*.json") if file.stem.isdigit() and file != winner)
    lap = next(files.glob("Garage*"))
    better = next(files.glob("*_lap3.csv"))
    forgotten = [winner, single, lap, better, files / "shopping.csv", files / "empty.csv"]
    reserve, left, guest = make_visitors()
    ids = (f"acc:{reserve.player_id}", f"lmu:name:{left.name}", f"assetto_corsa:{FIRST_GUID + guest.cust_id}")
    visitors = (*(racer.name for racer in (reserve, left, guest)), *(driver.split(":")[-1] for driver in ids))
    tell = {"staging.stg_acc__entry_list_drivers", "intermediate.int_penalties_united", "ops.file_drivers"}
    assert relations_with(here, visitors, tell) == tell
    with closing(psycopg2.connect(here.url)) as connection:
        found = [find_driver(connection, driver) for driver in ids]
    # models know whom an entry list and a penalty name; laps and contacts of one who left are found as text
    assert [len(held) > 0 for held, _ in found] == [True, True, False]
    visited = [Path(file.paths[0]) for each in found for contents in each for file in contents]
    assert {file.name.rpartition("_")[2] for file in visited} >= {"entrylist.json", "RACE.json", "manager.json"}
    was_superseded = "select file_name from marts.file_quality where state = 'superseded' or lines_superseded > 0"
    assert len(here.query(was_superseded)) >= 2
    [(file_id,)] = here.query(f"select file_id from raw.file_sightings where file_path = '{lap}'")
    done = here.run("simrace", "forget", winner, single, str(file_id)[:12], better, *forgotten[4:], *visited, "--yes")
    forgotten += visited
    assert f"{len(forgotten)} to forget" in done.stdout
    assert relations_with(here, visitors) == set(), "neither the name nor an id"
    after = here.checksums()
    again = here.run("simrace", "land", files)
    assert " 0 landed" in again.stdout
    assert again.stdout.count(": forgotten, on ") == len(forgotten) - 1, "an empty file is known by its path alone"

    clean = built.other("clean", is_copy=True)
    (files / "empty.csv").rename(here.folder / "empty.csv")
    clean.run("simrace", "land", *(file for file in files.iterdir() if file not in forgotten))
    clean.run("dbt", "build", *AGAIN)
    assert after == clean.checksums()


def test_a_driver_is_found_in_every_file(warehouse: Warehouse) -> None:
    """Also in practice and in files that others supersede, and nothing is forgotten without a yes."""
    [(driver_id, name)] = warehouse.query(
        "select driver_id, driver_name from marts.dim_drivers where telemetry_sessions > 0 "
        "order by races desc, driver_id limit 1"
    )
    before = warehouse.query("select count(*) from raw.files")
    done = warehouse.run("simrace", "forget", "--driver", str(driver_id), check=False)
    assert done.returncode == 1
    assert "Nothing was done" in done.stderr
    assert before == warehouse.query("select count(*) from raw.files")
    held = warehouse.query(
        "select distinct files.file_id from raw.files as files inner join raw.file_blocks as blocks "
        f"on files.file_id = blocks.file_id and position('{name}' in blocks.lines) > 0"
    )
    shown = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ") and " landed " in line}
    assert {str(file_id)[:12] for (file_id,) in held} <= shown
    raw = warehouse.query(
        f"select count(distinct file_id) from intermediate.int_race_results_united where driver_id = '{driver_id}'"
    )
    assert len(shown) > raw[0][0], "telemetry too"
