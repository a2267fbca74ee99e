"""Rows of people's own in SIMRACE_HOME/seeds: beside the project's, in the database and where Python reads seeds."""

import csv
from pathlib import Path

import pytest

from simrace.build import seed_files
from simrace.build.seed_files import SeedError, declared_seeds, read_own, read_seed
from simrace.championships.seeds import read_seeds
from tests.conftest import ROOT, Warehouse

SOME = ("points_tables", "car_aliases", "track_layouts", "steward_decisions")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, in a home of its own."""
    monkeypatch.setenv("SIMRACE_HOME", str(tmp_path / "home"))
    folder = seed_files.own_folder()
    folder.mkdir(parents=True)
    return folder


def test_they_stand_beside_the_projects_or_in_their_place(built: Warehouse, own: Path) -> None:
    """As Excel writes them; columns in any order; a key is the project's, or a table as a whole."""
    made = built.other("own_rows", is_copy=True)
    here = Warehouse(made.folder, {**made.environment, "SIMRACE_HOME": str(own.parent)})
    (own / "points_tables.csv").write_bytes(b"\xef\xbb\xbfposition,points,points_table\r\n1,7.5,fia_top_8\r\n")
    (own / "car_aliases.csv").write_text(
        'car_name,sim,car_id\n"Heron ""GT""",lmu,lmu:heron\nGT3 Falcon,iracing,iracing:899\n'
    )
    (own / "track_layouts.csv").write_text("layout_id,length_m\nlmu:heron ring,4200\n")
    (own / "steward_decisions.csv").write_text("")  # an editor's new file is told, below
    (own / "~$car_aliases.csv").write_text("Excel keeps this one while it is open")
    refused = here.run("simrace", "dbt", "seed", check=False)
    assert refused.returncode == 1
    assert f"{own / 'steward_decisions.csv'}:1: error: the file is empty" in refused.stderr
    (own / "steward_decisions.csv").unlink()
    here.run("simrace", "dbt", "seed", "--select", *SOME)
    assert here.query("select position, points from staging.points_tables where points_table = 'fia_top_8'") == [
        (1, pytest.approx(7.5))
    ]
    assert here.query("select car_id from staging.car_aliases where car_name in ('GT3 Falcon', 'Heron \"GT\"')") == [
        ("lmu:heron",),
        ("iracing:899",),
    ]
    assert here.query("select * from staging.track_layouts") == [
        ("lmu:heron ring", pytest.approx(4200), None, None, None, None)
    ]
    for seed in SOME:
        there = here.query(f"select count(*) from staging.{seed}")
        assert there == [(len(read_seed(ROOT, seed)),)], f"Python and the database read other rows of {seed}"
    # nothing of the project was written, and what is taken away is gone
    for file in own.glob("*.csv"):
        file.unlink()
    here.run("simrace", "dbt", "seed", "--select", *SOME)
    for seed in SOME:
        with (ROOT / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as shipped:
            assert here.query(f"select count(*) from staging.{seed}") == [(len(list(csv.DictReader(shipped))),)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("car_alias", "sim\n", ":1: error: there is no seed 'car_alias'; is it 'car_aliases'"),
        ("car_aliases", "sim;car_name;car_id\n", ":1: error: 'sim;car_name;car_id' is no column of it"),
        ("car_aliases", "sim,car_name,car_id\nlmu,Heron\n", ":2: error: has 2 cells, and the first line names 3"),
        ("points_tables", "points_table,position,points\nmine,first,5\n", ":2: error: position is 'first'"),
        ("points_tables", "points_table,position,points\nmine,1,5\nmine,1,6\n", ":3: error: has the points_table, pos"),
        ("track_layouts", "layout_id,start_line_left_lat_deg\na,1e999\n", ":2: error: start_line_left_lat_deg is"),
        ("steward_decisions", "race_id,decision\na,shot\n", ":2: error: decision is 'shot', and should be one of"),
        ("iracing_lap_events", "lap_event,is_valid\nspin,perhaps\n", ":2: error: is_valid is 'perhaps'"),
        ("driver_aliases", 'sim,driver_name\nlmu,"open\n', ":2: error: is no CSV: unexpected end of data"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(own: Path, name: str, text: str, message: str) -> None:
    (own / f"{name}.csv").write_text(text)
    with pytest.raises(SeedError) as told:
        read_own(ROOT)
    assert str(told.value).startswith(f"{own / name}.csv{message}")
    assert str(told.value).split("\n")[0] in map(str, read_seeds(ROOT).findings), (
        "`simrace championship check` lists it"
    )


def test_every_kind_of_cell_is_known() -> None:
    """What the check lets through, the database has to take: a kind that nobody thought of would pass as text."""
    kinds = {kind.partition("(")[0] for each in declared_seeds(ROOT).values() for kind in each.types.values()}
    assert kinds <= seed_files._NAMES.keys()


def test_every_seed_says_what_tells_its_rows_apart() -> None:
    for name, declared in declared_seeds(ROOT).items():
        assert declared.key, name
        assert set(declared.replaced_by) <= set(declared.key), name


def test_championships_are_checked_with_them(own: Path) -> None:
    (own / "championships.csv").write_text(
        "championship_id,championship_name,series_name,points_table,round_by\nash,Ash Cup,Ash,ladder,race\n"
    )
    (own / "points_tables.csv").write_text("points_table,position,points\nladders,1,5\n")
    (finding,) = read_seeds(ROOT).findings
    assert str(finding) == f"{own}/championships.csv:2: error: there is no points table 'ladder'; is it 'ladders'?"
