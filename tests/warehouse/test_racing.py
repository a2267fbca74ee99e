"""Races and training data, through the whole chain from the files to the marts."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from simrace.export.tables import Format, read_exported
from simrace.generator import season
from simrace.generator.iracing_csv import Style, csv_bytes
from simrace.generator.iracing_json import raw_text
from simrace.generator.race import Race
from tests.conftest import AFTER_RESULTS, ROOT, Warehouse

# Kinds of races, and of the CSV that tells of one beside its JSON.
BOTH_WAYS = {
    "raw": Style("official_2019", encoding="cp1252", newline="\r\n"),
    "event_result": Style("official_2026"),
    "league_csv": Style("league_2019", encoding="cp1252"),
    "ai": Style("hosted_2026"),
    "team": Style("hosted_2026"),
}
# A CSV has no date of the end, so it is computed; and it is another file.
UNLIKE = {"results_known_at", "file_id"}


@pytest.fixture(scope="module")
def told_twice(built: Warehouse) -> dict[str, pd.DataFrame]:
    """The same races, read from CSV alone and from JSON alone."""
    files = built.folder / "told_twice"

    def write_both(directory: Path, race: Race) -> list[Path]:
        (directory / f"{race.subsession_id}.json").write_text(raw_text(race), encoding="utf-8")
        (directory / f"eventresult_{race.subsession_id}.csv").write_bytes(csv_bytes(race, BOTH_WAYS[race.variant]))
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(season, "ROTATION", (tuple(BOTH_WAYS),) * 3)
        patch.setattr(season, "_write", write_both)
        # a CSV has no finer times than milliseconds
        raced = season.run_race
        patch.setattr(season, "run_race", lambda *args, **kind: raced(*args, **{**kind, "resolution": 10}))
        season.write_season(files, 3 * len(BOTH_WAYS), seed=5)
    results = {}
    for kind in ("csv", "json"):
        other = built.other(f"by_{kind}", is_copy=True)
        other.run("simrace", "land", *sorted(files.glob(f"*.{kind}")))
        other.run("dbt", "build", *AFTER_RESULTS)
        # with the columns of the race beside each result
        names = [
            str(name)
            for (name,) in other.query(
                "select column_name from information_schema.columns where table_name = 'fct_race_results_v1'"
            )
        ]
        rows = other.query(f"select {', '.join(names)} from marts.fct_race_results_v1")
        results[kind] = (
            pd.DataFrame(rows, columns=names, dtype=object).set_index(["race_id", "entrant_id"]).sort_index()
        )
    return results


def test_a_csv_gives_the_figures_that_json_gives(told_twice: dict[str, pd.DataFrame]) -> None:
    """For every column that a CSV has, in every variant."""
    by_csv, by_json = told_twice["csv"], told_twice["json"]
    assert by_csv.index.equals(by_json.index)
    assert by_csv.index.get_level_values("race_id").nunique() == 3 * len(BOTH_WAYS)
    told = by_csv.notna()
    assert told[["finish_position_in_class", "laps", "incidents", "driver_name"]].to_numpy().all()
    differences = {
        column: int((said & (by_csv[column] != by_json[column])).sum())
        for column, said in told.items()
        if column not in UNLIKE
    }
    assert {column: count for column, count in differences.items() if count} == {}


def test_training_data_are_mended_by_key(warehouse: Warehouse) -> None:
    """Rows lost, changed and invented are put right, and an untouched row is not written again."""
    before = warehouse.checksum("ml_training_data")
    first = "(select min(race_id) from marts.ml_training_data)"
    last = "(select max(race_id) from marts.ml_training_data)"
    for statement in (
        f"delete from marts.ml_training_data where race_id = {first}",
        f"update marts.ml_training_data set target_incidents = 999, series_name = null where race_id = {last}",
        "insert into marts.ml_training_data select (jsonb_populate_record(known, "
        """'{"subsession_id": "gone", "cust_id": "gone"}')).* from marts.ml_training_data as known """
        f"where race_id = {last} limit 1",
    ):
        warehouse.query(statement)
    untouched = f"select cust_id, xmin::text from marts.ml_training_data where race_id not in ({first}, {last})"
    versions = sorted(warehouse.query(untouched))
    assert versions
    warehouse.run("dbt", "run", "--select", "ml_training_data")
    assert warehouse.checksum("ml_training_data") == before
    assert set(versions) <= set(warehouse.query("select cust_id, xmin::text from marts.ml_training_data"))


def test_what_is_never_missing_never_is(warehouse: Warehouse) -> None:
    never = warehouse.query("select column_name from marts.ml_feature_dictionary where null_means = 'never'")
    missing = ", ".join(f"count(*) - count({name})" for (name,) in never)
    assert len(never) > 10
    assert set(warehouse.query(f"select {missing} from marts.ml_training_data")[0]) == {0}


@pytest.mark.parametrize("file_format", Format)
def test_exported_data_are_the_marts(warehouse: Warehouse, tmp_path: Path, file_format: Format) -> None:
    warehouse.run("simrace", "export", "ml", tmp_path, "--format", file_format)
    data = read_exported(tmp_path)
    assert [(len(data), data["target_incidents"].sum())] == warehouse.query(
        "select count(*), sum(target_incidents) from marts.ml_training_data"
    )
    assert set(data["split"]) == {"train", "validation", "test"}


def test_the_example_learns_from_exported_data(warehouse: Warehouse, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the extra `ml` is not installed")
    warehouse.run("simrace", "export", "ml", tmp_path)
    done = warehouse.run(Path(sys.executable).name, ROOT / "examples" / "finish_model.py", tmp_path)
    scores = {line[:28].strip(): line[28:].split() for line in done.stdout.splitlines()[-3:]}
    assert [name.partition(" (")[0] for name in scores] == ["model", "order by iRating", "order by grid"]
    for error, correlation in scores.values():
        assert 0 < float(error) < 10
        assert 0 < float(correlation) < 1
