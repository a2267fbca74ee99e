"""The whole corpus of bad input, and a wrong value in every place, in one warehouse beside good files."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from tests.bad_input.corpus import LANDS, Bad, corpus, write, write_disk_troubles
from tests.bad_input.small import Small, small_files
from tests.bad_input.wrong_values import (
    HOSTILE_TEXTS,
    wrong_documents,
    wrong_laps,
    wrong_standings,
    wrong_tables,
    wrong_trees,
)
from tests.conftest import ROOT, Warehouse

NAMES = [text.strip() for text in HOSTILE_TEXTS if 0 < len(text.strip()) <= 60]
FILES = "select (select count(*) from raw.files), (select count(*) from raw.rejected_files)"
WIDE = ("columns", "names alike", "times")
FORMULA = re.compile(r"[\s\x00-\x1f\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def project_with_hostile_seeds(folder: Path) -> Path:
    """A copy of the project whose seeds name drivers and championships as nobody should be called."""
    project = folder / "project"
    project.mkdir()
    for name in ("models", "macros", "seeds", "tests/data/generic"):
        shutil.copytree(ROOT / name, project / name)
    for path in (*ROOT.glob("*.yml"), *ROOT.glob("tests/data/*.sql")):
        shutil.copy(path, project / path.relative_to(ROOT))
    with (project / "seeds/driver_aliases.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(["motec", name, f"iracing:{name}"] for name in NAMES)
    with (project / "seeds/championships.csv").open("a", encoding="utf-8", newline="") as file:
        rows = (
            [f"hostile_{number}", name, "", "", name, "", "", "", "fia_top_10", "race", "", 0, 0, 0]
            for number, name in enumerate(NAMES)
        )
        csv.writer(file, lineterminator="\n").writerows(rows)
    return project


def land_and_build(
    warehouse: Warehouse, name: str, step: int, every: int, beside: bool
) -> tuple[Warehouse, dict[str, int]]:
    """Land bad files, build with warnings as errors; the warehouse and how many files are in it.

    Args:
        warehouse: That of the good files.
        name: Of the other one, into which the bad ones are landed.
        step: Of files that are cut somewhere, one in so many is taken.
        every: Of places for a wrong value, one in so many.
        beside: The good files are there and built; else they are landed at once with the others.
    """
    other = warehouse.other(name, is_copy=beside)
    here = dict(zip((LANDS, "refused"), other.query(FILES)[0] if beside else (0, 0), strict=True))
    small: Small = small_files(warehouse.folder / "files")
    bad = other.folder / "bad"
    write((file for file in corpus(small) if _is_taken(file, step, beside)), bad)
    write_disk_troubles(bad / "disk")
    (bad / "values").mkdir()
    wrong = (
        *(*wrong_documents(small, 12, every), *wrong_tables(small, every)),
        *(*wrong_trees(small, 12, every), *wrong_laps(small), *wrong_standings()),
    )
    for file_name, text in wrong:
        (bad / "values" / file_name).write_text(text, encoding="utf-8", newline="")
    landed = other.run("simrace", "land", bad, *([] if beside else [warehouse.folder / "files"]))
    counts = re.search(r"([\d,]+) files: ([\d,]+) landed, ([\d,]+) already landed, ([\d,]+) refused", landed.stdout)
    assert counts, landed.stdout[-2_000:]
    assert not [character for character in landed.stdout if ord(character) < 32 and character != "\n"]
    files, new, known, refused = (int(number.replace(",", "")) for number in counts.groups())
    assert files == new + known + refused
    project = project_with_hostile_seeds(other.folder)
    me = json.dumps({"me": NAMES[0]})
    built = other.run(
        *("dbt", "--warn-error", "build", "--exclude-resource-type", "unit_test", "--vars", me),
        *("--project-dir", project, "--profiles-dir", project),
        check=False,
    )
    said = [line for line in built.stdout.splitlines() if not re.search("START|PASS|OK|SKIP", line)]
    assert re.search(r"PASS=\d+ WARN=0 ERROR=0 SKIP=0", built.stdout), "\n".join(said)
    return other, {LANDS: int(str(here[LANDS])) + new, "refused": int(str(here["refused"])) + refused}


def _is_taken(file: Bad, step: int, beside: bool) -> bool:
    """Of the cut ones some; not the zip with one member 200 times, of which nobody could tell the refusals apart.

    Beside good files each format has one of the three with thousands of columns, which take half of the time.
    """
    cut = re.match(r"truncated/(\d+) ", file.path)
    if beside and (wide := re.fullmatch(rf"tables/5000 ({'|'.join(WIDE)}).* (\w+)[.]\w+", file.path)):
        return sum(map(ord, wide[2])) % len(WIDE) == WIDE.index(wide[1])
    return file.path != "archives/overlapping.zip" and (not cut or int(cut[1]) % step == 0)


def accounts_for_all(other: Warehouse, counts: dict[str, int]) -> None:
    landed = other.query("select count(*), count(distinct file_id) from raw.files")[0]
    assert landed == (counts[LANDS], counts[LANDS])
    assert other.query("select state = 'refused', count(*) from marts.file_quality group by 1 order by 1")[0] == (
        False,
        counts[LANDS],
    )
    assert not other.query(
        "select file_path from raw.rejected_files as rejected where not exists ("
        "select from marts.file_quality as quality "
        "where quality.file_id in (rejected.file_id, 'path:' || md5(rejected.file_path)))"
    )
    assert other.query("select count(*) from raw.rejected_files") == [(counts["refused"],)]
    assert not other.query(
        "select file_id from marts.file_quality "
        "where lines_read <> lines_loaded + lines_superseded + lines_refused + lines_withheld + lines_set_aside"
    )
    assert not other.query("select file_id from marts.file_quality where state = 'refused' and reason is null")


def test_bad_input_stops_nothing_and_is_accounted_for(warehouse: Warehouse) -> None:
    other, counts = land_and_build(warehouse, "bad_input", step=5_000, every=40, beside=True)
    accounts_for_all(other, counts)

    # what is good lands beside it: only races that the corpus tells again, from a younger file, are others
    races = "select race_id, entrant_id, finish_position, laps, incidents from marts.fct_race_results"
    good = warehouse.query(races)
    others = {row[0] for row in set(good) - set(other.query(races))}
    told_again = {
        row[0]
        for row in other.query(
            "select race_id from marts.fct_race_results inner join raw.file_sightings using (file_id) "
            f"where file_path like '{other.folder / 'bad'}%'"
        )
    }
    assert others <= told_again
    assert len(others) < len({row[0] for row in good}) / 2

    # a wrong value in a row of laps costs its field, or the row
    [(read, loaded, refused)] = other.query(
        "select lines_read, lines_loaded, lines_refused from marts.file_quality where file_name = 'wrong laps.json'"
    )
    assert 0 < refused < loaded < read

    # and in a place of a season the same
    [(read, loaded, refused)] = other.query(
        "select lines_read, lines_loaded, lines_refused from marts.file_quality "
        "where file_name = 'wrong standings.json'"
    )
    assert 0 < refused < loaded < read

    # names are data: they come out as they went in, wherever they stand
    for relation, column, prefix in (
        ("marts.fct_race_results", "driver_name", ""),
        ("marts.fct_race_results", "car_name", ""),
        ("intermediate.int_telemetry_sessions", "driver_name", ""),
        ("intermediate.int_telemetry_sessions", "track_name", ""),
        ("marts.dim_sessions", "driver_id", "iracing:"),
        ("marts.unmapped_channels", "source_channel", ""),
        ("marts.championship_standings", "championship_name", ""),
        ("marts.ml_training_data", "series_name", ""),
        ("marts.championship_standings_given", "driver_name", ""),
    ):
        found = {row[0] for row in other.query(f"select distinct {column} from {relation}")}
        assert [name for name in NAMES if prefix + name not in found] == [], (relation, column)

    # and an export of them runs nowhere
    other.run("simrace", "export", "ml", other.folder / "ml", "--format", "csv")
    with (other.folder / "ml/ml_training_data.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = [cell for row in rows for cell in row.values() if not re.fullmatch(r"-?[0-9.]+(e-?\d+)?", cell)]
    assert [cell for cell in texts if FORMULA.match(cell)] == []
    assert any(cell.startswith("'=cmd") for cell in texts)


@pytest.mark.slow
def test_a_wrong_value_in_every_place(warehouse: Warehouse) -> None:
    other, counts = land_and_build(warehouse, "every_place", step=1_000, every=1, beside=False)
    accounts_for_all(other, counts)
