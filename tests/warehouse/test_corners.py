"""`simrace corners` writes what was found beside the seeds of the project, and keeps names."""

import csv
from pathlib import Path

import pytest

from tests.conftest import Warehouse

LAYOUT = "motec:saltmarsh ring - grand prix"


@pytest.fixture
def project(warehouse: Warehouse, tmp_path: Path) -> Warehouse:
    """The warehouse with a home of its own, whose seeds may be written."""
    here = {"SIMRACE_HOME": str(tmp_path), "SIMRACE_DATABASE_URL": warehouse.url}
    return Warehouse(tmp_path, {**warehouse.environment, **here})


def _seed(project: Warehouse, name: str) -> list[dict[str, str]]:
    path = project.folder / "seeds" / name
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_corners_are_frozen_as_they_are_found(project: Warehouse) -> None:
    project.run("simrace", "corners", "freeze", LAYOUT)
    frozen = [(int(row["corner_number"]), row["direction"], float(row["apex_m"]))
              for row in _seed(project, "track_corners.csv") if row["layout_id"] == LAYOUT]  # fmt: skip
    found = project.query(
        "select corner_number, direction, cast(apex_m as double precision) from marts.dim_track_corners "
        f"where layout_id = '{LAYOUT}' order by corner_number"
    )
    assert frozen == found
    assert [row["length_m"] for row in _seed(project, "track_layouts.csv") if row["layout_id"] == LAYOUT] == ["4318.4"]
    listed = project.run("simrace", "corners", "list").stdout
    assert [line.split("\u2502")[4].strip() for line in listed.splitlines() if LAYOUT in line] == ["yes"]


def test_frozen_corners_are_replaced_only_when_asked_and_keep_their_names(project: Warehouse) -> None:
    project.run("simrace", "corners", "freeze", LAYOUT)
    path = project.folder / "seeds" / "track_corners.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",5,,left", ",5,The Mole,left"), encoding="utf-8")
    refused = project.run("simrace", "corners", "freeze", LAYOUT, check=False)
    assert refused.returncode == 1
    assert "--again" in refused.stderr
    layouts = project.folder / "seeds" / "track_layouts.csv"
    layouts.write_text(layouts.read_text(encoding="utf-8").replace("4318.4,,,,", "4318.4,52.7,-1,52.6999,-1"), "utf-8")
    project.run("simrace", "corners", "freeze", LAYOUT, "--again")
    [layout] = [row for row in _seed(project, "track_layouts.csv") if row["layout_id"] == LAYOUT]
    assert list(layout.values()) == [LAYOUT, "4318.4", "52.7", "-1", "52.6999", "-1"]
    rows = [row for row in _seed(project, "track_corners.csv") if row["layout_id"] == LAYOUT]
    assert [row["corner_name"] for row in rows].count("The Mole") == 1 == len({row["layout_id"] for row in rows})
    assert rows[4]["corner_name"] == "The Mole"


def test_a_layout_without_laps_is_refused_with_those_that_have_some(project: Warehouse) -> None:
    refused = project.run("simrace", "corners", "freeze", "motec:nowhere", check=False)
    assert refused.returncode == 1
    assert LAYOUT in refused.stderr
    assert not _seed(project, "track_corners.csv")
