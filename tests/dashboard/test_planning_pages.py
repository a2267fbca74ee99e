"""Strategy, consistency and a channel of one's own: pages beside what the marts and the command say."""

import importlib
import sys
from contextlib import closing
from shlex import split
from typing import Any

import pandas as pd
import psycopg2
import pytest

from simrace.dashboard import data, units, words
from simrace.dashboard.pages import consistency, strategy
from simrace.predictions.plan_basis import read_basis
from simrace.race_plan import Basis, plan
from tests.conftest import ROOT, Warehouse
from tests.dashboard.test_pages import HOSTILE, drawn, log_lap, opened, values_of

BASIS = Basis("iracing:7001", "iracing:here", "iracing:8", 25, 100.0, 0.5, 25, 2.5, 0.1, 60.0, 4, 30.0)


def _metrics(app: Any) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def _of_most_laps(warehouse: Warehouse) -> tuple[str, str, str]:
    """Layout, car and driver with most laps at pace."""
    row = warehouse.query(
        "select layout_id, car_id, driver_id from marts.race_plan_basis where pace_laps > 2 "
        "order by pace_laps desc, 1, 2, 3 limit 1"
    )[0]
    return str(row[0]), str(row[1]), str(row[2])


def test_the_page_plans_as_the_command_does(on_warehouse: Warehouse) -> None:
    layout, car, driver = _of_most_laps(on_warehouse)
    named = {"race_laps": "30", "tank": "40", "fuel": "2.9", "pit_loss": "30"}
    app = opened("strategy", layout=layout, car=car, driver=driver, length="laps", **named)
    told = _metrics(app)
    with closing(psycopg2.connect(on_warehouse.url)) as connection:
        made = plan(read_basis(connection, driver, layout, car), 30, None, 40, 30, None, 2.9)
    assert (told["Laps"], told["Fuel, l"], told["Longest stint"]) == ("30", "87.0", f"{made.most_stint_laps} laps")
    assert told["Stops"] == str(len(made.stops)) == "2"
    assert told["Time"] == words.race_time(made.time_s.value)
    assert list(app.dataframe[0].value.laps) == made.stint_laps == [10, 10, 10]
    said = on_warehouse.run(*split(app.code[-1].value)).stdout
    assert "10 + 10 + 10" in said
    assert f"{made.fuel_l.value:.1f} l" in said


def test_a_plan_that_cannot_be_says_what_is_missing(on_warehouse: Warehouse) -> None:
    layout, car, driver = _of_most_laps(on_warehouse)
    on = {"layout": layout, "car": car, "driver": driver}
    fuel_laps, tank = on_warehouse.query(
        f"select fuel_laps, fuel_capacity_l from marts.race_plan_basis where layout_id = '{layout}' "
        f"and car_id = '{car}' and driver_id = '{driver}'"
    )[0]
    if int(str(fuel_laps)) < 3:
        assert "Name what a lap uses" in opened("strategy", **on, tank="60").info[0].value
    if tank is None:
        assert "what the tank holds" in opened("strategy", **on, fuel="2").info[0].value
    assert "holds no lap" in opened("strategy", **on, fuel="3", tank="2").info[0].value
    few = on_warehouse.query(
        "select layout_id, car_id, driver_id, pace_laps from marts.race_plan_basis where pace_laps < 3 limit 1"
    )[0]
    app = opened("strategy", layout=str(few[0]), car=str(few[1]), driver=str(few[2]), fuel="2", tank="60")
    assert f"of these there are {few[3]}." in app.info[0].value
    assert "pace_laps" in app.dataframe[0].value, "the table says of whom there are more"


def test_a_tank_in_gallons_is_litres_in_the_address(on_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    layout, car, driver = _of_most_laps(on_warehouse)
    monkeypatch.setenv(units.VARIABLE, "imperial")
    app = opened("strategy", layout=layout, car=car, driver=driver, fuel="3.785411784", tank="37.85411784")
    fields = {field.label: field.value for field in app.number_input}
    assert (fields["Tank, gal"], fields["Fuel a lap, gal"]) == pytest.approx((10, 1))
    assert float(str(app.query_params["tank"])) == pytest.approx(37.8541, abs=1e-3)
    assert _metrics(app)["Longest stint"] == "10 laps"


def test_the_tank_is_drawn_from_stop_to_stop() -> None:
    made = plan(BASIS, laps=50)
    told = strategy.stints(made)
    assert told.first_lap.tolist() == [1, 18, 35]
    assert told.last_lap.tolist() == [17, 34, 50]
    assert told.earliest_lap.tolist()[:2] == [4, 27] and pd.isna(told.earliest_lap[2])
    figure = strategy.tank_figure(made)
    (line,) = figure.data
    assert list(line.x) == [0, 17, 17, 34, 34, 50]
    assert line.y[0] - line.y[1] == pytest.approx(17 * 2.5)
    assert min(line.y) > 0, "the safe side is left"
    assert [(shape.x0, shape.x1) for shape in figure.layout.shapes] == [(4, 23), (27, 46)]
    long = strategy.tank_figure(plan(BASIS, laps=500))
    assert len(long.layout.shapes) == 21 and not long.layout.annotations


def test_consistency_is_told_as_the_marts_have_it(on_warehouse: Warehouse) -> None:
    layout, driver, car, laps = on_warehouse.query(
        "select laps.layout_key, driver_id, car_id, count(*) from marts.fct_laps as laps "
        "inner join marts.dim_sessions using (session_id) where is_pace_eligible and is_trace_eligible "
        "and driver_id is not null and car_id is not null group by 1, 2, 3 having count(*) > 2 "
        "order by 4 desc, 1, 2, 3 limit 1"
    )[0]
    app = opened("consistency", layout=str(layout), who=f"{driver}|{car}")
    own = (
        "marts.fct_laps as laps inner join marts.dim_sessions as sessions using (session_id) where is_pace_eligible "
        f"and laps.layout_key = '{layout}' and driver_id = '{driver}' and car_id = '{car}'"
    )
    best, median = on_warehouse.query(
        f"select min(lap_time_s), percentile_cont(0.5) within group (order by lap_time_s) from {own}"
    )[0]
    parts_of = own.replace(
        "using (session_id)", "using (session_id) inner join marts.lap_minisectors using (session_id, lap_number)"
    )
    potential = on_warehouse.query(
        f"select sum(best) from (select min(time_s) as best from {parts_of} group by minisector) as parts"
    )[0][0]
    told = _metrics(app)
    assert told["Best lap"] == words.lap_time(float(str(best)))
    assert told["Usual lap"] == words.lap_time(float(str(median)))
    assert told["Potential"] == words.lap_time(float(str(potential)))
    parts = app.dataframe[-1].value
    lost = on_warehouse.query(f"select count(*) from {own} and is_trace_eligible and lap_time_s = {best}")[0][0]
    assert parts.laps.max() <= laps
    assert list(parts.usually_loses_s) == sorted(parts.usually_loses_s, reverse=True)
    assert (parts[["best_lap_loses_s", "usually_loses_s"]] >= 0).all(axis=None)
    if lost:
        assert parts.best_lap_loses_s.sum() == pytest.approx(float(str(best)) - float(str(potential)), abs=0.002)
    said = next(caption.value for caption in app.caption if "count for pace" in caption.value)
    assert said.startswith(f"{on_warehouse.query(f'select count(*) from {own}')[0][0]} of ")


def test_few_laps_are_told_as_few(on_warehouse: Warehouse) -> None:
    layout, driver, car, laps = on_warehouse.query(
        "select laps.layout_key, driver_id, car_id, count(*) filter (where is_pace_eligible) from marts.fct_laps as "
        "laps inner join marts.dim_sessions using (session_id) where driver_id is not null and car_id is not null "
        "and lap_time_s is not null and laps.layout_key is not null group by 1, 2, 3 "
        "having count(*) filter (where is_pace_eligible) < 3 order by 4, 1, 2, 3 limit 1"
    )[0]
    app = opened("consistency", layout=str(layout), who=f"{driver}|{car}")
    assert not app.metric
    assert app.info[0].value.startswith(f"{laps} of ")
    row = app.dataframe[0].value.query("pace_laps < 3")
    assert "middle_half_s" not in row or row.middle_half_s.isna().all()


def test_what_is_slower_than_the_best_lap_is_no_potential() -> None:
    driven = pd.DataFrame(
        {
            "driver_id": ["a", "b", None], "car_id": "car", "driver_name": ["Ada", None, None], "car_name": "Acorn",
            "best_lap_s": [60.0, 61.0, 62.0], "lower_quartile_s": 62.0, "median_lap_s": 64.0, "upper_quartile_s": 66.0,
        }
    )  # fmt: skip
    potentials = pd.DataFrame(
        {"driver_id": ["a", "b"], "car_id": "car", "potential_s": [59.5, 61.5], "traced_laps": [4, 1]}
    )
    told = consistency.how_alike(driven, potentials)
    assert told.driver.tolist() == ["Ada", "b", "driver not named"]
    assert told.to_gain_s.fillna(-1).tolist() == [0.5, -1, -1]
    assert told.middle_half_ratio.tolist() == [4 / 64] * 3


def test_what_keeps_laps_out_is_counted() -> None:
    laps = pd.DataFrame(
        {"is_pace_eligible": [True, False, False, False], "pace_ineligible_reason": [None, "out", "slow", "out"]}
    )
    said = "1 of 4 whole laps count for pace; not: 2 out of the pits, 1 too slow to count."
    assert consistency.counted(laps) == said
    assert consistency.counted(laps.head(1)) == "1 of 1 whole laps count for pace."


def test_corners_stand_beside_their_mini_sector() -> None:
    found = pd.DataFrame(
        {
            "minisector": [1, 2], "start_m": [0.0, 100.0], "end_m": [100.0, 200.0], "best_s": [5.0, 6.0],
            "median_s": [5.2, 6.5], "of_best_lap_s": [5.1, 6.0],
        }
    )  # fmt: skip
    corners = pd.DataFrame({"corner_number": [1, 2], "corner_name": ["1", "Hairpin"], "apex_m": [100.0, 150.0]})
    told = consistency.where(found, corners)
    assert told.corners.tolist() == ["", "1, 2 Hairpin"]
    assert told.best_lap_loses_s.tolist() == pytest.approx([0.1, 0])
    assert told.usually_loses_s.tolist() == pytest.approx([0.2, 0.5])
    assert [list(bar.y) for bar in consistency.where_figure(told).data] == [
        pytest.approx([0.1, 0]),
        pytest.approx([0.2, 0.5]),
    ]


def test_sessions_of_one_day_are_told_apart_and_the_latest_are_drawn() -> None:
    days = pd.to_datetime(
        ["2026-01-01 10:00", "2026-01-01 12:00", *[f"2026-02-{day:02} 10:00" for day in range(1, 21)]]
    )
    pace = pd.DataFrame({"session_id": [*map(str, range(22))], "session_started_at": days, "lap_time_s": 100.0})
    names = [box.name for box in consistency.sessions_figure(pace).data]
    assert len(names) == len(set(names)) == consistency.MOST_SESSIONS
    assert names[0] == "2026-02-01"
    both = [box.name for box in consistency.sessions_figure(pace.head(3)).data]
    assert both == ["2026-01-01", "2026-01-01 (2)", "2026-02-01"]


def test_a_channel_of_ones_own_is_a_row_and_stands_in_the_address(on_warehouse: Warehouse) -> None:
    layout, session_id, lap = log_lap(on_warehouse)
    text = "sqrt(lat_g * lat_g + long_g * long_g) - combined_g"
    app = opened("lap_comparison", layout=layout, laps=[f"{session_id}:{lap}"], own=text)
    assert app.query_params["own"] == text
    made = drawn(app, 0)
    axis = made["layout"][f"yaxis{len(made['data'])}"]["title"]["text"]
    assert axis.startswith("Own<br>sqrt(lat_g")
    # between samples the two are interpolated apart
    assert max(map(abs, values_of(made["data"][-1]["y"]))) < 0.1
    trace = data.query("lap_comparison/trace", session_id=session_id, lap_number=lap)
    again = opened("lap_comparison", layout=layout, laps=[f"{session_id}:{lap}"], own="speed_kph / 3.6")
    assert values_of(drawn(again, 0)["data"][-1]["y"]) == pytest.approx(list(trace.speed_kph / 3.6))
    field = next(field for field in app.text_input if field.key == "own")
    field.set_value("").run()
    assert not app.exception and "own" not in app.query_params


def test_a_fault_in_it_is_marked_and_the_page_stays(on_warehouse: Warehouse) -> None:
    layout, session_id, lap = log_lap(on_warehouse)
    app = opened("lap_comparison", layout=layout, laps=[f"{session_id}:{lap}"], own="2 * sped_kph")
    assert "the mark shows where" in app.warning[0].value
    said = next(code.value for code in app.code if "^" in code.value)
    assert said.splitlines()[1].startswith("    ^ Character 5: these laps have no channel `sped_kph`; near it")
    assert app.get("plotly_chart")
    for name in HOSTILE:
        hostile = opened("lap_comparison", layout=layout, laps=[f"{session_id}:{lap}"], own=name)
        told = [each.value for kind in (hostile.markdown, hostile.warning, hostile.caption) for each in kind]
        assert not [text for text in told if name in text], "a link may hold anything"


def test_every_query_of_the_pages_can_be_measured(on_warehouse: Warehouse) -> None:
    """benchmarks/dashboard_queries.py knows where the parameters of each page are from."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        measure = importlib.import_module("dashboard_queries").measure
    finally:
        sys.path.pop(0)
    with closing(data.connect()) as connection:
        measured = {query.name for query in measure(connection, times=2)}
    assert measured == {f"{path.parent.name}/{path.stem}" for path in data.files()}
