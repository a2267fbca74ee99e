"""The logs among the sample files are of races that the results beside them tell of."""

import json
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from simrace.generator import write_sample_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("native")
    write_sample_files(directory, 1)
    return directory


@pytest.fixture(scope="module")
def truth(folder: Path) -> dict[str, Any]:
    return json.loads((folder / ".truth.json").read_text("utf-8"))


def logged(truth: dict[str, Any], source_format: str) -> dict[str, Any]:
    [found] = [file for file in truth["telemetry"] if file["format"] == source_format]
    return found


def test_one_log_of_each_format_with_its_beacons(folder: Path, truth: dict[str, Any]) -> None:
    written = sorted(path.suffix for path in (folder / "telemetry").iterdir() if path.suffix != ".csv")
    assert [suffix for suffix in written if suffix != ".duckdb"] == [".ibt", ".ld", ".ldx"]
    assert (".duckdb" in written) is bool(find_spec("duckdb"))
    for source_format in ("iracing_ibt", "motec_ld", *(["lmu_duckdb"] if ".duckdb" in written else [])):
        file = logged(truth, source_format)
        assert (folder / "telemetry" / file["file"]).exists()
        assert [lap["class"] for lap in file["laps"]] == ["out", "flying", "flying", "in"]


def test_the_ibt_is_of_a_race_of_its_driver(folder: Path, truth: dict[str, Any]) -> None:
    file = logged(truth, "iracing_ibt")
    content = (folder / "telemetry" / file["file"]).read_bytes()
    [race] = [race for race in truth["races"] if race.get("started_at") == file["started_at"]]
    assert f" SubSessionID: {race['race_id'].split(':')[1]}\n".encode() in content
    [result] = [result for result in race["results"] if result["name"] == file["driver"]]
    assert f" DriverUserID: {result['entrant_id']}\n".encode() in content
    assert race["layout"] == file["layout"]


def test_the_ld_lies_within_the_evening(folder: Path, truth: dict[str, Any]) -> None:
    file = logged(truth, "motec_ld")
    [evening] = [race for race in truth["races"] if race["variant"] == "acc"]
    left = datetime.fromisoformat(evening["ended_at"]) - datetime.fromisoformat(file["started_at"])
    driven = timedelta(seconds=sum(lap["lap_time_s"] for lap in file["laps"]))
    assert driven < left < timedelta(minutes=45)
    assert evening["layout"] == file["layout"]
    modified = datetime.fromtimestamp((folder / "telemetry" / file["file"]).stat().st_mtime, UTC)
    assert modified - datetime.fromisoformat(file["started_at"]) == timedelta(hours=1)
