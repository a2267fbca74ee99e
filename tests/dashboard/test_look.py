"""What tables, figures and names have in common on all pages."""

import csv
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simrace.dashboard import charts, laps, race_story
from simrace.dashboard.data import rows
from simrace.dashboard.pages import championship
from simrace.dashboard.pages import race as race_page
from simrace.sim_names import NAMES
from tests.conftest import ROOT


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> dict[str, pd.DataFrame]:
    """Tables as they are given to the browser, by their key."""
    shown: dict[str, pd.DataFrame] = {}

    def keep(frame: pd.DataFrame, key: str, **_: Any) -> None:
        shown[key] = frame

    monkeypatch.setattr(charts.st, "dataframe", keep)
    return shown


def test_missing_text_is_none() -> None:
    left = pd.DataFrame({"key": [1, 2], "speed_kph": [1.5, np.nan]})
    joined = left.merge(pd.DataFrame({"key": [1], "name": ["Ada"]}), how="left")
    assert [row.name or "unnamed" for row in rows(joined)] == ["Ada", "unnamed"]
    assert [pd.isna(row.speed_kph) for row in rows(joined)] == [False, True]


def test_what_is_rounded_to_nothing_has_no_sign(tables: dict[str, pd.DataFrame]) -> None:
    charts.table(pd.DataFrame({"delta_s": [-0.0004, -0.0006, None]}), {"delta_s": ("Delta, s", "%+.3f")}, "one")
    written = [f"{value:+.3f}" for value in tables["one"].delta_s[:2]]
    assert written == ["+0.000", "-0.001"]
    assert pd.isna(tables["one"].delta_s[2])


def test_a_series_without_a_value_is_left_out() -> None:
    made = charts.figure(300)
    charts.series(made, 0, "none", [1, 2], [None, np.nan], "%{y}")
    charts.series(made, 1, "some", [1, 2], [None, 3.0], "%{y}")
    assert [line.name for line in made.data] == ["some"]


def test_marks_on_the_edge_of_a_figure_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "in_turn", lambda key, draw: None)
    made = charts.figure(300)
    charts.series(made, 0, "marks", [0], [0], "%{y}", "lines+markers")
    charts.series(made, 1, "line", [0], [0], "%{y}")
    charts.show(made, "made", "A mark.")
    assert [line.cliponaxis for line in made.data] == [False, None]


def test_bars_are_filled_and_told_apart_without_colour() -> None:
    bars: list[Any] = [charts.bar(number) for number in range(6)]
    assert len({one["pattern"]["shape"] for one in bars}) == 6
    assert {one["pattern"]["fillmode"] for one in bars} == {"overlay"}


def test_a_map_has_a_cursor_where_one_can_be_moved() -> None:
    trace = pd.DataFrame({"distance_m": [0.0, 5.0], "x_m": [0.0, 1.0], "y_m": [0.0, 1.0], "speed_kph": [90.0, 91.0]})
    lap, no_corners = laps.Lap(0, "one", trace, *[pd.DataFrame()] * 3), pd.DataFrame({"apex_m": []})
    shown = [{line.name for line in laps.map_figure(lap, no_corners, "speed", at).data} for at in (0.0, None)]
    assert shown[0] - shown[1] == {"cursor"}


def test_gears_are_whole_numbers() -> None:
    distance_m = [0.0, 5.0]
    trace = pd.DataFrame({"distance_m": distance_m, "speed_kph": 100.0, "throttle_ratio": 1.0, "brake_ratio": 0.0,
                          "steering_deg": 0.0, "gear": [3, 4]})  # fmt: skip
    lap = laps.Lap(0, "one", trace, pd.DataFrame({"distance_m": distance_m, "delta_s": 0.0}), *[pd.DataFrame()] * 2)
    made = laps.channels_figure([lap], 0)
    [axis] = [axis for axis in made.select_yaxes() if axis.title.text == "Gear"]
    assert axis.dtick == 1


def test_places_of_a_race_begin_with_the_first() -> None:
    cars = pd.DataFrame({"entry_id": ["a", "b"], "driver_name": ["Ada", "Bo"], "car_number": [None, None],
                         "start_position": [1, 2]})  # fmt: skip
    lap = {"lap_number": 1, "gap_to_leader_s": 0.0, "lap_time_s": 60.0, "lap_events": None, "is_pit_lap": False}
    driven = pd.DataFrame([lap | {"entry_id": car, "position_after_lap": n} for n, car in enumerate("ab", 1)])
    penalties = pd.DataFrame({"entry_id": [], "lap_number": [], "kind": []})
    made = race_story.positions(race_story.Race(cars, driven, penalties), ["a"])
    assert made.layout.yaxis.tickvals[0] == 1


def test_every_sim_has_a_name() -> None:
    sims = set()
    for name in ("source_formats", "log_writers"):
        with (ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            sims |= {row["sim"] for row in csv.DictReader(file)}
    assert sims <= NAMES.keys()


def test_places_of_one_class_stand_once_and_who_came_home_is_not_out(tables: dict[str, pd.DataFrame]) -> None:
    results = pd.DataFrame({"finish_position": [1, 2], "finish_position_in_class": [1, 2], "driver_name": ["Ada", "Bo"],
                            "out_reason": ["running", "retired"]})  # fmt: skip
    race_page._show_results(results, "alone", is_part=False)
    race_page._show_results(results, "of_class", is_part=True)
    assert list(tables["alone"]) == ["finish_position", "driver_name", "out_reason"]
    assert list(tables["of_class"]) == ["finish_position", "finish_position_in_class", "driver_name", "out_reason"]
    assert tables["alone"].out_reason.tolist()[1] == "retired"
    assert pd.isna(tables["alone"].out_reason[0])


def test_points_that_nobody_lost_have_no_column(tables: dict[str, pd.DataFrame]) -> None:
    standings = pd.DataFrame(
        {"position": [1, 2], "points": [25, 0], "dropped_points": [0, 0], "points_awarded": [0, 2]}
    )
    charts.table(championship.without_noughts(standings), championship.STANDINGS, "standings")
    assert list(tables["standings"]) == ["position", "points", "points_awarded"]
    assert tables["standings"].points.tolist() == [25, 0]
