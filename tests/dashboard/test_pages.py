"""What the pages show: on a whole warehouse, on an empty one, and with names that look like code."""

import json
import math
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import psycopg2
import pytest
import streamlit as st
import yaml
from streamlit.testing.v1 import AppTest

from ingestion.sim_folders import SimFolder
from simrace.championships.marts import read_points, read_rules, read_scored
from simrace.championships.next_round import NO_POINTS, Season, after, held, needs
from simrace.championships.standings import driver_standings
from simrace.dashboard import (
    charts,
    command,
    data,
    figure_table,
    first_picture,
    ideal_lap,
    laps,
    next_round,
    race_story,
    session_panels,
    units,
    words,
)
from simrace.dashboard.pages import championship as championship_page
from simrace.dashboard.pages import home, track
from simrace.dashboard.pages import race as race_page
from simrace.database.connection import connection_parameters
from simrace.report import statements
from tests.conftest import ROOT, Warehouse

PAGES = ("home", "lap_comparison", "session", "personal_bests", "consistency", "driver", "track", "race", "strategy",
         "championship", "data_quality")  # fmt: skip
TRAINED = ("predictions",)  # has something to show after `simrace train`: tests/warehouse/test_predictions.py
SCRIPT = "from simrace.dashboard.pages import {page}\nfrom simrace.dashboard.shell import guarded\nguarded({page}.show)"
# what a missing value becomes where nobody looked, and a time of nothing
NOTHING_READABLE = re.compile(r"\b(nan|None|NaT)\b|<NA>")
HOSTILE = (
    "Robert'); drop table marts.dim_drivers; --",
    "<script>alert(1)</script><b>bold</b><a href='http://192.0.2.1'>x</a>",
    "{{ 7 * 7 }} %{x} {x} %(race_id)s",
    "**stars** :red[red] $x^2$ [link](http://192.0.2.1) ![](http://192.0.2.1/x.png)",
)


@pytest.fixture(scope="module")
def empty(warehouse: Warehouse) -> str:
    """URL of a warehouse with all tables and no rows, as a build of nothing leaves it."""
    own = str(warehouse.query("select current_database()")[0][0])
    elsewhere, url = (warehouse.url.replace(f"/{own}?", f"/{name}?") for name in ("postgres", "dashboard_empty"))
    with closing(psycopg2.connect(elsewhere)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"create database dashboard_empty template {own}")
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "select string_agg(format('%I.%I', schemaname, tablename), ', ') from pg_tables "
            "where schemaname in ('raw', 'staging', 'intermediate', 'marts', 'ops')"
        )
        cursor.execute(f"truncate {(cursor.fetchone() or ('',))[0]} cascade")
    return url


def opened(page: str, **filters: str | list[str]) -> AppTest:
    """A page as it is after its address was opened; it showed no stack trace."""
    app = AppTest.from_string(SCRIPT.format(page=page), default_timeout=60)
    for name, value in filters.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> Iterator[str]:
    """All that a page says in words, also in lists to choose from and in tables."""
    for element in (*app.markdown, *app.text, *app.caption, *app.info, *app.warning):
        yield str(element.value)
    for metric in app.metric:
        yield f"{metric.value} {metric.delta}".removesuffix(" None")
    for box in (*app.selectbox, *app.multiselect):
        yield from map(str, box.options)
    for shown in app.dataframe:
        for column in shown.value.select_dtypes(["object", "str"]):
            yield from map(str, shown.value[column].dropna())


def shown_options(app: AppTest, label: str) -> list[str]:
    return next(list(box.options) for box in app.selectbox if box.label == label)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_one_sees_and_shows_it(on_warehouse: Warehouse, page: str) -> None:
    app = opened(page)
    assert len(app.title) == 1
    assert app.markdown[0].value.strip().endswith(".")
    assert not app.error
    assert len(app.get("plotly_chart")) + len(app.dataframe) >= 1
    assert not [text for text in texts(app) if NOTHING_READABLE.search(text)]


@pytest.mark.parametrize("page", (*PAGES, *TRAINED))
def test_an_empty_warehouse_is_told_in_a_sentence(empty: str, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setenv("SIMRACE_DATABASE_URL", empty)
    app = opened(page)
    assert not app.error
    assert app.info[0].value.endswith(".")
    assert not app.get("plotly_chart")
    assert not app.dataframe


@pytest.fixture(scope="module")
def untraced(warehouse: Warehouse) -> str:
    """URL of a warehouse that has no sample and no trace, as where a lake keeps them."""
    made = warehouse.other("untraced", is_copy=True)
    made.query("truncate intermediate.int_telemetry_samples, intermediate.int_telemetry_lap_traces")
    return made.url


@pytest.mark.parametrize("page", ["lap_comparison", "session", "track"])
def test_what_a_lake_keeps_is_told_in_a_sentence(untraced: str, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setenv("SIMRACE_DATABASE_URL", untraced)
    app = opened(page)
    assert not app.error
    assert any("simrace fetch-session" in info.value for info in app.info)


def test_a_database_without_tables_is_told_in_a_sentence(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRACE_DATABASE_URL", warehouse.url.replace("/simrace?", "/postgres?"))
    assert "simrace run" in opened("race").info[0].value


def test_a_database_that_does_not_answer_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRACE_DATABASE_URL", "postgresql://nobody:none@127.0.0.1:1/none")
    assert "simrace db start" in opened("race").error[0].value


def test_two_laps_are_compared_as_the_mart_does(on_warehouse: Warehouse) -> None:
    chosen = on_warehouse.query(
        "select session_id, min(lap_number), max(lap_number) from marts.fct_laps where is_trace_eligible "
        "group by session_id having count(*) > 1 order by session_id limit 1"
    )[0]
    session_id, first, last = chosen
    layout_query = f"select layout_key from marts.dim_sessions where session_id = '{session_id}'"
    layout = str(on_warehouse.query(layout_query)[0][0])
    app = opened("lap_comparison", layout=layout, laps=[f"{session_id}:{first}", f"{session_id}:{last}"], at="500")
    cursor = app.dataframe[0].value
    assert list(cursor.lap) == ["A", "B"]
    expected = on_warehouse.query(
        f"select delta_s, speed_kph from marts.lap_deltas where session_id = '{session_id}' and lap_number = {last} "
        f"and reference_kind = 'asked' and reference_session_id = '{session_id}' "
        f"and reference_lap_number = {first} and distance_m = 500"
    )
    assert [(row.delta_s, row.speed_kph) for row in cursor.itertuples()][1] == pytest.approx(expected[0])
    # The order of choice is the order of the page: the other lap as the reference turns the sign.
    turned = opened("lap_comparison", layout=layout, laps=[f"{session_id}:{last}", f"{session_id}:{first}"], at="500")
    assert turned.dataframe[0].value.delta_s.iloc[1] == pytest.approx(-float(str(expected[0][0])))


def drawn(app: AppTest, number: int) -> dict[str, Any]:
    """What is drawn in a figure of a page."""
    made: dict[str, Any] = json.loads(app.get("plotly_chart")[number].proto.spec)
    return made


def values_of(numbers: Any) -> list[float]:
    """Numbers of a figure, which Plotly may have packed."""
    if isinstance(numbers, dict):
        return [float(each) for each in np.frombuffer(b64decode(numbers["bdata"]), numbers["dtype"])]
    return [float(each) for each in numbers]


def log_lap(warehouse: Warehouse) -> tuple[str, str, int]:
    """Layout, session and number of a lap of a binary log."""
    row = warehouse.query(
        "select laps.layout_key, laps.session_id, min(laps.lap_number) from marts.fct_laps as laps "
        "where laps.is_trace_eligible and laps.session_id in (select session_id from marts.log_channels "
        "where canonical_channel is null) group by 1, 2 order by 2 limit 1"
    )[0]
    return str(row[0]), str(row[1]), int(str(row[2]))


def test_the_reference_of_a_lap_is_one_click_away(on_warehouse: Warehouse) -> None:
    layout, session_id, lap, other, number = on_warehouse.query(
        "select laps.layout_key, laps.session_id, laps.lap_number, reference_session_id, reference_lap_number "
        "from marts.lap_references inner join marts.fct_laps as laps using (session_id, lap_number) "
        "where reference_kind = 'class_best' and laps.is_trace_eligible "
        "and (session_id, lap_number) <> (reference_session_id, reference_lap_number) order by 2, 3 limit 1"
    )[0]
    app = opened("lap_comparison", layout=str(layout), laps=[f"{session_id}:{lap}"])
    next(button for button in app.button if button.key == "reference_class_best").click().run()
    assert not app.exception
    assert app.query_params["laps"] == [f"{other}:{number}", f"{session_id}:{lap}"]


def test_laps_are_narrowed_by_driver_and_those_chosen_stay(on_warehouse: Warehouse) -> None:
    layout = on_warehouse.query(
        "select layout_key from marts.dim_sessions where driver_id is not null and session_id in (select session_id "
        "from marts.fct_laps where is_trace_eligible) group by 1 having count(distinct driver_id) > 1 limit 1"
    )[0][0]
    app = opened("lap_comparison", layout=str(layout))
    before = list(app.multiselect[0].value)
    (drivers,) = (box for box in app.selectbox if box.key == "driver")
    drivers.select_index(len(drivers.options) - 1).run()
    assert app.multiselect[0].value == before
    name = drivers.options[-1]
    chosen = {app.multiselect[0].options.index(each) for each in app.multiselect[0].options if name in each}
    assert chosen
    assert len(app.multiselect[0].options) <= len(chosen) + len(before)


def test_any_channel_of_a_log_can_be_drawn(on_warehouse: Warehouse) -> None:
    layout, session_id, lap = log_lap(on_warehouse)
    channel, unit = on_warehouse.query(
        "select channel, max(unit) from marts.log_channels inner join marts.channel_values using "
        f"(file_id, channel_number, channel, unit, session_id) where session_id = '{session_id}' "
        "and canonical_channel is null "
        "group by channel having min(value) < max(value) order by 1 limit 1"
    )[0]
    more = ["sample:rpm:", "math:combined_g:g", f"log:{channel}:{unit}"]
    app = opened("lap_comparison", layout=layout, laps=[f"{session_id}:{lap}"], channels_more=more)
    made = drawn(app, 0)
    rpm, math, logged = (values_of(line["y"]) for line in made["data"][-3:])
    assert made["layout"][f"yaxis{len(made['data'])}"]["title"]["text"].startswith(words.literal(channel))
    span = on_warehouse.query(
        f"select started_elapsed_s, ended_elapsed_s from marts.fct_laps where session_id = '{session_id}' "
        f"and lap_number = {lap}"
    )[0]
    inside = f"session_id = '{session_id}' and elapsed_s between {span[0]} and {span[1]}"
    for values, table, value in (
        (rpm, "fct_telemetry_samples", "rpm"),
        (math, "math_channel_values", "value"),
        (logged, "channel_values", "value"),
    ):
        where = f"{inside} and channel = '{channel}'" if table == "channel_values" else inside
        low, high, mean = on_warehouse.query(
            f"select min({value}), max({value}), avg({value}) from marts.{table} where {where}"
        )[0]
        assert float(str(low)) <= min(values) <= max(values) <= float(str(high))
        spread = float(str(high)) - float(str(low))
        assert np.mean(values) == pytest.approx(float(str(mean)), abs=0.2 * spread)


def test_the_ideal_lap_is_the_theoretical_best(on_warehouse: Warehouse) -> None:
    found = on_warehouse.query(
        "select layout_key, session_id, theoretical_best_s, min(lap_number) from marts.session_consistency "
        "inner join marts.fct_laps as laps using (session_id) where is_pace_eligible and is_trace_eligible "
        "and theoretical_best_s is not null group by 1, 2, 3 having count(*) > 1 order by 2 limit 1"
    )[0]
    layout, session_id, best, lap = found
    app = opened("lap_comparison", layout=str(layout), laps=[f"{session_id}:{lap}"], ideal="yes")
    lines = drawn(app, 0)["data"]
    ideal = [line for line in lines if "ideal" in line["name"]]
    assert ideal[0]["name"].startswith(f"B  {words.lap_time(float(str(best)))}, ideal")
    pieces = data.query("lap_comparison/ideal", session_id=str(session_id))
    sectors = pieces.drop_duplicates("minisector")[["minisector", "time_s"]]
    joined = ideal_lap.join_pieces(pieces, sectors)
    assert joined.lap_elapsed_s.is_monotonic_increasing
    assert joined.lap_elapsed_s.iloc[-1] == pytest.approx(float(str(best)), abs=0.1)
    steps = joined.lap_elapsed_s.diff().dropna()
    assert steps.max() < 4 * steps.median(), "no jump where two laps are put together"


def test_a_corner_is_looked_at_alone(on_warehouse: Warehouse) -> None:
    layout, session_id, lap = log_lap(on_warehouse)
    apex = on_warehouse.query(
        f"select apex_m from marts.dim_track_corners where layout_key = '{layout}' and corner_number = 2"
    )[0][0]
    app = opened("lap_comparison", layout=layout, laps=[f"{session_id}:{lap}"], corner="2")
    low, high = drawn(app, 0)["layout"]["xaxis"]["range"]
    assert low < float(str(apex)) < high < low + 1_000
    corners = data.query("shared/corners", layout_key=layout)
    assert laps.corner_at(corners, float(str(apex))) == "2"
    assert laps.corner_at(corners, 99_999) is None


def test_units_are_those_that_the_reader_chose(on_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    layout, session_id, lap = log_lap(on_warehouse)
    laps_shown = [f"{session_id}:{lap}"]
    metric = opened("lap_comparison", layout=layout, laps=laps_shown, at="500")
    monkeypatch.setenv(units.VARIABLE, "Imperial")
    imperial = opened("lap_comparison", layout=layout, laps=laps_shown, at="500")
    (kph,), (mph,) = (app.dataframe[0].value.speed_kph for app in (metric, imperial))
    assert mph == pytest.approx(kph / 1.609344)
    assert "Speed, mph" in imperial.dataframe[0].proto.columns
    assert drawn(imperial, 0)["layout"]["yaxis"]["title"]["text"] == "Speed<br>mph"
    assert drawn(imperial, 0)["layout"]["xaxis"]["title"]["text"] == "Distance from the line, ft"
    assert imperial.query_params["at"] == "500", "an address is in metres, whoever reads it"


@pytest.mark.parametrize(
    ("column", "value", "shown", "name"),
    [
        ("min_speed_kph B", 100, 62.137, "mph"),
        ("brake_point_m", 30.48, 100, "ft"),
        ("driven_km", 1.609344, 1, "mi"),
        ("fuel_per_lap_l", 3.785411784, 1, "gal"),
        ("track_temp_c", 100, 212, "°F"),
        ("tyre_pressure_fl_kpa", 172.37, 25, "psi"),
        ("speed_delta_kph", 16.09344, 10, "mph"),
    ],
)
def test_a_column_says_its_unit(
    monkeypatch: pytest.MonkeyPatch, column: str, value: float, shown: float, name: str
) -> None:
    assert units.unit_of("lap_time_s") is None
    monkeypatch.setenv(units.VARIABLE, "imperial")
    unit = units.unit_of(column)
    assert unit is not None
    assert (unit.of(value), unit.name) == (pytest.approx(shown, abs=0.01), name)
    monkeypatch.setenv(units.VARIABLE, "metric")
    assert units.converted(pd.DataFrame({column: [value]}), "Title", column)[0].tolist() == [value]


def test_a_figure_is_told_as_a_table() -> None:
    figure = laps.channels_figure([some_lap(0), some_lap(1)], 0)
    told = figure_table.as_table(figure)
    assert list(told.columns) == ["Series", "Figure", "Distance from the line, m", "Value"]
    speeds = told[(told.Series == "B  a lap") & (told.Figure == "Speed, km/h")]
    assert speeds.Value.tolist() == [100.0, 101.0, 102.0]
    assert speeds["Distance from the line, m"].tolist() == [0.0, 5.0, 10.0]
    bars = charts.figure(100, "Lap", "Cars")
    bars.add_bar(x=[1, 2], y=[3, None], name=words.literal("a < b"))
    assert figure_table.as_table(bars).to_dict("records") == [{"Series": "a < b", "Lap": 1, "Cars": 3.0}]


def test_one_lap_is_shown_alone(on_warehouse: Warehouse) -> None:
    session_id, lap, layout = on_warehouse.query(
        "select laps.session_id, laps.lap_number, sessions.layout_key from marts.fct_laps as laps "
        "inner join marts.dim_sessions as sessions using (session_id) where laps.is_trace_eligible "
        "order by 1, 2 limit 1"
    )[0]
    app = opened("lap_comparison", layout=str(layout), laps=[f"{session_id}:{lap}"])
    assert "nothing to be compared with" in app.info[0].value
    assert app.multiselect[0].value == [f"{session_id}:{lap}"]
    app.multiselect[0].set_value([]).run()
    assert not app.exception
    assert "Choose a lap" in app.info[0].value


def test_laps_of_another_class_are_compared_too(on_warehouse: Warehouse) -> None:
    pairs = on_warehouse.query(
        "select one.layout_key, count(distinct cars.car_class_name) from marts.dim_sessions as one "
        "inner join marts.dim_cars as cars using (car_id) group by 1 order by 2 desc limit 1"
    )
    app = opened("lap_comparison", layout=str(pairs[0][0]))
    assert app.dataframe[0].value.delta_s.notna().all()


def test_every_filter_stands_in_the_address(on_warehouse: Warehouse) -> None:
    for page in PAGES:
        app = opened(page)
        for box in app.selectbox:
            if box.key == "search":  # leads elsewhere, and changes nothing here
                continue
            assert app.query_params[box.key], f"{page}: {box.label}"
            if len(box.options) > 1:
                box.select_index(1).run()
                assert not app.exception, f"{page}: {box.label}"
                # Opened again at this address, it shows the same.
                again = opened(page, **app.query_params)
                shown = {other.key: other.value for other in app.selectbox}
                assert {other.key: other.value for other in again.selectbox} == shown
                break


def test_nonsense_in_the_address_is_passed_over(on_warehouse: Warehouse) -> None:
    for page in PAGES:
        names = (
            "layout",
            "laps",
            "at",
            "session",
            "lap",
            "driver",
            "best",
            "category",
            "race",
            "class",
            "cars",
            "championship",
            "car",
            "day",
            "corner",
            "channels_more",
            "ideal",
            "own",
            "who",
            "length",
            "race_laps",
            "race_minutes",
            "tank",
        )
        assert not opened(page, **dict.fromkeys(names, HOSTILE[0])).error


@pytest.mark.parametrize("lap", ["speed_kph", "throttle_ratio", "brake_ratio", "steering_deg", "gear", "x_m"])
def test_a_missing_channel_is_left_out(lap: str) -> None:
    made = some_lap(0)
    made.trace[lap] = None
    figure = laps.channels_figure([made, some_lap(1)], 0)
    drawn = [trace for trace in figure.data if trace.name.startswith("A")]
    assert len(drawn) == 6
    alone = laps.channels_figure([made], 0)
    assert len({trace.yaxis for trace in alone.data}) == (5 if lap == "x_m" else 4)
    assert len(laps.missing_channels(made)) == (0 if lap == "x_m" else 1)


def test_laps_are_told_apart_without_colour() -> None:
    figure = laps.channels_figure([some_lap(index) for index in range(6)], 0)
    of_speed = [trace for trace in figure.data if trace.yaxis == "y"] or figure.data[:6]
    assert len({trace.line.dash for trace in of_speed}) == 6
    assert len({trace.line.color for trace in of_speed}) == 6
    assert len({trace.xaxis for trace in figure.data}) == 1  # one zoom and one cursor for all


def test_the_first_picture_has_every_line_of_the_figure() -> None:
    gap, empty = some_lap(0), some_lap(1)
    gap.trace["speed_kph"] = [100.0, None, 102.0]
    gap.trace["gear"] = 3  # a line without a height
    empty.trace["speed_kph"] = None
    figure = laps.channels_figure([gap, empty], 0)
    picture = ElementTree.fromstring(first_picture.draw(figure))  # noqa: S314 - ours
    paths = picture.findall("{*}path")
    assert [path.get("stroke") for path in paths] == [line.line.color for line in figure.data]
    speed, none = (path.get("d", "") for path in paths[:2])
    assert re.fullmatch(r"M70 (2\d\d\.\d)M1000 50\.0", speed), "lowest at the left, highest at the right, a gap between"
    assert none == ""
    height = figure.layout.height
    points = [tuple(map(float, word.split())) for path in paths for word in re.split("[ML]", path.get("d", "")) if word]
    assert all(first_picture.LEFT <= x <= first_picture.WIDTH and 0 <= y <= height for x, y in points)
    assert len({path.get("stroke-dasharray") for path in paths}) == 2


def test_the_first_picture_shows_titles_letter_by_letter() -> None:
    figure = laps.channels_figure([some_lap(0)], 0)
    next(figure.select_yaxes()).title.text = f"{words.literal('Brake & <b>')}<br>bar"
    picture = ElementTree.fromstring(first_picture.draw(figure))  # noqa: S314 - ours
    assert [text.text for text in picture.findall("{*}text")][:2] == ["Brake & <b>", "bar"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_letter_by_letter(name: str) -> None:
    made = some_lap(0, label=name)
    figure = laps.channels_figure([made, some_lap(1)], 0)
    assert figure.data[0].name == f"A  {words.literal(name)}"
    assert "<" not in figure.data[0].name
    other = charts.figure(100)
    charts.series(other, 0, name, [1], [2], "%{y}")
    assert other.data[0].name == words.literal(name)
    assert name not in str(other.data[0].hovertemplate)


def test_hostile_names_pass_through_the_pages(on_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text from a query is hostile; the page shows it as plain text and never as Markdown."""
    real = data.query

    def hostile(name: str, **parameters: object) -> pd.DataFrame:
        frame = real(name, **parameters)
        for column in frame.columns:
            if re.search(r"(driver|car|track|event|series|championship|opponent|class|team|config)_name$", column):
                frame[column] = [HOSTILE[number % len(HOSTILE)] for number in range(len(frame))]
        return frame

    monkeypatch.setattr(data, "query", hostile)
    for page in PAGES:
        app = opened(page)
        assert not app.error
        read_as_markdown = [
            element.value
            for kind in (app.markdown, app.info, app.caption, app.subheader, app.title)
            for element in kind
        ] + [metric.label for metric in app.metric]
        assert not [text for text in read_as_markdown for name in HOSTILE if name in text]
        for spec in (element.proto.spec for element in app.get("plotly_chart")):
            assert "<script" not in spec.replace("\\u003c", "<"), page
    assert any(HOSTILE[0] in option for option in shown_options(opened("driver"), "Driver"))


def test_equal_names_are_told_apart() -> None:
    from simrace.dashboard.filters import _told_apart

    assert _told_apart({"1": "Ada", "2": "Ada", "3": "Bo"}) == {"1": "Ada (1)", "2": "Ada (2)", "3": "Bo"}


def test_pages_cannot_write(on_warehouse: Warehouse) -> None:
    refused = pytest.raises(psycopg2.errors.ReadOnlySqlTransaction)
    with closing(data.connect()) as connection, connection.cursor() as cursor, refused:
        cursor.execute("create table marts.written (x int)")


def test_pages_take_the_role_of_readers_where_there_is_one(on_warehouse: Warehouse) -> None:
    role = on_warehouse.query("select exists (select from pg_roles where rolname = 'simrace_reader')")[0][0]
    with closing(data.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("select current_user")
        assert (cursor.fetchone() == ("simrace_reader",)) is role


def test_a_new_run_makes_pages_read_anew(on_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    read = data._read
    monkeypatch.setattr(data, "_read", lambda name, parameters: asked.append(name) or read(name, parameters))
    monkeypatch.setattr(data, "newest_run", lambda: pd.Timestamp("2026-01-01"))
    data.query("race/races")
    data.query("race/races")
    assert asked == ["race/races"]
    monkeypatch.setattr(data, "newest_run", lambda: pd.Timestamp("2026-01-02"))
    data.query("race/races")
    assert asked == ["race/races"] * 2


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(107.654, "1:47.654"), (59.9996, "1:00.000"), (9, "0:09.000"), (None, ""), (float("nan"), "")],
)
def test_lap_times_are_written_as_drivers_read_them(seconds: float | None, written: str) -> None:
    assert words.lap_time(seconds) == written


def test_lap_time_axis_has_few_ticks() -> None:
    for seconds in ([60.0, 60.01], [60.0, 61.0], [60.0, 160.0], [60.0, 6000.0], [60.0]):
        figure = go.Figure()
        charts.lap_time_axis(figure, seconds)
        ticks = figure.layout.yaxis.tickvals
        assert 2 <= len(ticks) <= 25
        assert ticks[0] <= min(seconds)
        assert ticks[-1] >= max(seconds)


def _pages_that_ask(query: Path) -> list[str]:
    if query.parent.name == "league":
        return ["championship"]  # gives the report of a round
    if query.parent.name != "shared":
        return [query.parent.name]
    pages = Path(race_page.__file__).parent.glob("*.py")
    return [page.stem for page in pages if f'"shared/{query.stem}"' in page.read_text(encoding="utf-8")]


def test_pages_read_marts_alone_and_exposures_name_them() -> None:
    exposures = yaml.safe_load((ROOT / "models" / "exposures.yml").read_text(encoding="utf-8"))["exposures"]
    named = {
        one["name"].removeprefix("dashboard_"): {re.findall(r"'(\w+)'", ref)[0] for ref in one["depends_on"]}
        for one in exposures
        if one["name"].startswith("dashboard_")
    }
    read: dict[str, set[str]] = {}
    for path in [*data.files(), *(statements.QUERIES / "league").glob("*.sql")]:
        text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        tables = re.findall(r"\b(?:from|join)\s+([\w.]+)", text)
        assert tables, path
        assert all(table.startswith("marts.") for table in tables), path
        for page in _pages_that_ask(path):
            read.setdefault(page, set()).update(table.removeprefix("marts.") for table in tables)
    # what-if and the report of a round read by the code of championships
    code = (ROOT / "simrace" / "championships" / "marts.py").read_text(encoding="utf-8")
    read["championship"] |= set(re.findall(r"(?:from|join) (?:marts|\{schema\})\.(\w+)", code))
    assert named == read


def test_every_query_is_used_and_every_page_is_in_the_navigation() -> None:
    rooms = (ROOT / "simrace" / "dashboard", ROOT / "simrace" / "report")
    code = "".join(path.read_text(encoding="utf-8") for room in rooms for path in room.rglob("*.py"))
    for path in [*data.files(), *(statements.QUERIES / "league").glob("*.sql")]:
        assert f'"{path.parent.name}/{path.stem}"' in code, path
    pages = {path.stem for path in Path(race_page.__file__).parent.glob("*.py")} - {"__init__"}
    assert pages == {*PAGES, *TRAINED}


def test_the_command_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRACE_DATABASE_URL", "postgresql://u:p@127.0.0.1:1/none")
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    with pytest.raises(command.DashboardError, match=r'pip install "simrace\[dashboard\]"') as told:
        command.run_dashboard(connection_parameters(), 8501, 0, open_page=False)
    assert "\n" not in str(told.value)


def test_the_command_says_when_the_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRACE_DATABASE_URL", "postgresql://u:p@127.0.0.1:1/none")
    monkeypatch.setattr(command, "is_free", lambda port: False)
    with pytest.raises(command.DashboardError, match="--port 8502"):
        command.run_dashboard(connection_parameters(), 8501, 0, open_page=False)


def test_the_pages_listen_on_this_machine_unless_they_are_told_otherwise() -> None:
    assert "--server.address=127.0.0.1" in command._settings(command.HOST, 8501)
    assert "--server.address=0.0.0.0" in command._settings("0.0.0.0", 8501)  # noqa: S104


def some_lap(index: int, label: str = "a lap") -> laps.Lap:
    """A lap of three points."""
    trace = pd.DataFrame(
        {
            "distance_m": [0.0, 5.0, 10.0],
            "lap_elapsed_s": [0.0, 0.1, 0.2],
            "speed_kph": [100.0, 101.0, 102.0],
            "throttle_ratio": [0.0, 0.5, 1.0],
            "brake_ratio": [1.0, 0.5, 0.0],
            "steering_deg": [0.0, 1.0, 2.0],
            "gear": [2, 2, 3],
            "x_m": [0.0, 5.0, 10.0],
            "y_m": [0.0, 0.0, 1.0],
        }
    )
    deltas = pd.DataFrame({"distance_m": [0.0, 5.0, 10.0], "delta_s": [0, 0.1, 0.2], "speed_delta_kph": [0, 1, 2]})
    return laps.Lap(index, label, trace, deltas, pd.DataFrame(), pd.DataFrame())


def test_a_sparse_session_says_what_it_lacks(on_warehouse: Warehouse) -> None:
    session_id = on_warehouse.query(
        "select session_id from marts.fct_laps inner join marts.dim_sessions using (session_id) "
        "where source_format = 'garage61_csv' group by 1 having count(*) = 1 order by 1 limit 1"
    )[0][0]
    app = opened("session", session=str(session_id))
    said = " ".join(info.value for info in app.info)
    assert "From 3 on there are lap times to draw" in said
    assert "no tyre pressure and no tyre temperature and no brake temperature" in said
    assert "tell no setup" in said
    assert len(app.get("plotly_chart")) == 1, "the forces alone"


def test_laps_of_a_session_are_listed_with_what_keeps_them_out(on_warehouse: Warehouse) -> None:
    session_id = on_warehouse.query(
        "select session_id from marts.fct_laps where pace_ineligible_reason = 'out' order by 1 limit 1"
    )[0][0]
    app = opened("session", session=str(session_id))
    listed = app.dataframe[0].value
    expected = on_warehouse.query(f"select count(*) from marts.fct_laps where session_id = '{session_id}'")[0][0]
    assert len(listed) == expected
    assert "out of the pits" in set(listed.no_pace)


def test_tyres_and_fuel_are_drawn_as_the_mart_has_them(on_warehouse: Warehouse) -> None:
    session_id = on_warehouse.query(
        "select session_id from marts.lap_channel_statistics "
        "where channel in ('tyre_pressure_fl_kpa', 'brake_temp_fl_c') group by 1 "
        "having count(distinct lap_number) > 2 and count(distinct channel) = 2 order by 1 limit 1"
    )[0][0]
    wheels = data.query("session/wheels", session_id=str(session_id))
    panels = session_panels.wheel_panels(wheels)
    assert list(panels) == ["Tyre pressure", "Tyre temperature", "Brake temperature"]
    for title, column, channel in (("Tyre pressure", "mean", "tyre_pressure_fl_kpa"),
                                   ("Brake temperature", "maximum", "brake_temp_fl_c")):  # fmt: skip
        expected = wheels[wheels.channel == channel]
        line = panels[title].data[0]
        assert list(line.x) == expected.lap_number.tolist()
        assert list(line.y) == expected[column].tolist()
    session = opened("session", session=str(session_id))
    assert not [info.value for info in session.info if "brake temperature" in info.value]
    laps_of_it = pd.DataFrame({"lap_number": [1, 2, 3], "fuel_used_l": [2.0, None, 1.5]})
    tank = pd.DataFrame({"lap_number": [1, 3], "channel": "fuel_l", "minimum": [40.0, 36.4], "mean": 0, "maximum": 0})
    fuel = session_panels.fuel_panel(laps_of_it, tank)
    assert fuel is not None
    assert (list(fuel.data[0].x), list(fuel.data[0].y), list(fuel.data[0].text)) == (
        [1, 3],
        [2.0, 1.5],
        ["40.0", "36.4"],
    )
    assert session_panels.fuel_panel(laps_of_it.assign(fuel_used_l=None), tank) is None


def test_the_envelope_holds_the_laps(on_warehouse: Warehouse) -> None:
    session_id, hardest = on_warehouse.query(
        "select session_id, max(sqrt(lat_g * lat_g + long_g * long_g)) from marts.fct_lap_traces "
        "where lat_g is not null and long_g is not null group by 1 order by 1 limit 1"
    )[0]
    envelope = data.query("session/envelope", session_id=str(session_id))
    assert envelope.direction.is_unique
    assert set(envelope.direction) <= set(range(session_panels.STEPS))
    assert 0.9 * float(str(hardest)) < envelope.combined_g.max() <= float(str(hardest))
    some = pd.DataFrame({"lat_g": [1.0], "long_g": [0.0], "distance_m": [5.0], "speed_kph": [100.0]})
    around = session_panels.grip_figure(some, pd.DataFrame({"direction": [17, 18, 19], "combined_g": 1.5, "points": 9}))
    assert math.hypot(around.data[0].x[0], around.data[0].y[0]) == pytest.approx(1.5)
    assert around.data[0].x[0] == pytest.approx(1.5, abs=0.01), "direction 17 and 18 are on the left side of the car"


def test_a_setup_stands_beside_another(on_warehouse: Warehouse) -> None:
    session_id = on_warehouse.query("select session_id from marts.session_setups group by 1 order by 1 limit 1")[0][0]
    app = opened("session", session=str(session_id))
    settings = on_warehouse.query(f"select count(*) from marts.session_setups where session_id = '{session_id}'")[0][0]
    assert len(app.dataframe[-1].value) == settings
    own = {"session_id": str(session_id), "other_session_id": str(session_id)}
    assert not data.query("session/setup", **own).differs.any()
    assert data.query("session/setup", **own | {"other_session_id": ""}).differs.all()


def test_who_is_fast_where_is_told_as_the_marts_have_it(on_warehouse: Warehouse) -> None:
    layout, class_name, drivers = on_warehouse.query(
        "select laps.layout_key, coalesce(cars.car_class_name, 'none'), count(distinct (driver_id, sessions.car_id)) "
        "from marts.fct_laps as laps inner join marts.dim_sessions as sessions using (session_id) "
        "left join marts.dim_cars as cars on sessions.car_id = cars.car_id where laps.is_pace_eligible "
        "and laps.is_trace_eligible group by 1, 2 order by 3 desc, 1 limit 1"
    )[0]
    app = opened("track", layout=str(layout), **{"class": str(class_name)})
    (told,) = (each.value for each in app.dataframe if "best_lap_s" in each.value)
    assert len(told) == drivers
    columns = [name for name in told if name.startswith("corner_") and name.removeprefix("corner_").isdigit()]
    assert (told[columns].min() == 0).all(), "somebody is the fastest in each corner"
    assert (told[columns] >= 0).all(axis=None)
    assert list(told.best_lap_s) == sorted(told.best_lap_s)


def test_the_fastest_corners_are_those_of_whoever_was_fastest_there() -> None:
    passages = pd.DataFrame(
        {
            "driver_id": ["a", "a", "b", "b", "c"],
            "car_id": "car",
            "driver_name": ["Ada", "Ada", "Bo", "Bo", "Cy"],
            "car_name": "Acorn",
            "corner_number": [1, 2, 1, 2, 2],
            "time_s": [10.0, 20.5, 10.2, 20.0, 21.0],
        }
    )
    best = pd.DataFrame({"driver_id": ["b", "a"], "car_id": "car", "lap_time_s": [60.0, 60.5]})
    told = track.fast_where(passages, best)
    assert list(told.driver_name) == ["Bo", "Ada", "Cy"]
    assert told.corner_1.round(3).tolist()[:2] == [0.2, 0.0]
    assert told.corner_2.round(3).tolist() == [0.0, 0.5, 1.0]
    assert told.corners_together_s.round(3).tolist()[:2] == [30.2, 30.5]
    assert pd.isna(told.corners_together_s[2]), "without its first corner it is no sum"


def test_what_if_of_the_next_round_is_what_championships_make_of_it(on_warehouse: Warehouse) -> None:
    """By another order of finish than the first, which is in the address then; drops and points of the championship."""
    championship_id = "example_saltwind_raceroom"
    with closing(psycopg2.connect(on_warehouse.url)) as connection:
        scored, rules = read_scored(connection, championship_id), read_rules(connection, championship_id)
        season = Season(scored, rules, read_points(connection, championship_id)["fia_top_10"])
    first = driver_standings(scored, rules)
    order = [first[2].key, first[0].key]
    app = opened("championship", championship=championship_id, next_order=order)
    [needed] = tables_with(app, "at_best")
    of_drivers, of_teams = tables_with(app, "shift")
    drivers, teams = after(season, held(season, order))
    assert list(of_drivers.points) == [float(line.points) for line in drivers]
    assert list(of_drivers.position) == [line.position for line in drivers]
    assert list(of_teams.who) == [line.key for line in teams]
    told = needs(season)
    assert list(needed.at_best) == [float(need.at_best) for need in told]
    assert list(needed.leader_0)[1:] == [next_round.place_needed(need.beside_leader[NO_POINTS]) for need in told[1:]]
    doubled = opened("championship", championship=championship_id, next_order=order, next_factor="2")
    assert tables_with(doubled, "shift")[0].gained.max() > of_drivers.gained.max()


def tables_with(app: AppTest, column: str) -> list[pd.DataFrame]:
    return [table.value for table in app.dataframe if column in table.value]


@pytest.mark.parametrize(("page", "made"), [("race", "Race: "), ("championship", "Drivers after")])
def test_a_page_gives_its_report_as_a_file(
    on_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, page: str, made: str
) -> None:
    buttons: list[tuple[Any, ...]] = []
    monkeypatch.setattr(st, "download_button", lambda *told, **_: buttons.append(told))
    opened(page)
    files = {name.rpartition(".")[2]: make() for _, make, name, _ in buttons}
    assert files.keys() == {"html", "md", "png"}
    assert made.encode() in files["html"]
    assert files["png"].startswith(b"\x89PNG")


def test_classes_of_a_championship_can_be_looked_at_one_by_one() -> None:
    standings = pd.DataFrame({"driver_id": ["a", "b", "c"], "position": [1, 2, 3]})
    rounds = pd.DataFrame(
        {"driver_id": ["a", "b", "c", "b"], "race_number": [1, 1, 1, 2], "class_name": ["Pro", "Pro", "Am", "Am"]}
    )
    told = championship_page._of_class(standings, rounds)
    assert list(told.place_in_class) == [1, 1, 2], "of the latest race"
    one = championship_page._of_class(standings, rounds.assign(class_name=None))
    assert list(one.columns) == list(standings.columns)


def test_a_championship_shows_its_teams(on_warehouse: Warehouse) -> None:
    championship_id, teams = on_warehouse.query(
        "select championship_id, count(*) from marts.championship_team_standings group by 1 order by 1 limit 1"
    )[0]
    app = opened("championship", championship=str(championship_id))
    (told,) = (each.value for each in app.dataframe if "results_counted" in each.value)
    assert len(told) == teams
    assert f"simrace championship what-if {championship_id}" in app.code[0].value
    assert any("bonuses: fastest lap 1." in each.value for each in app.markdown)


def test_a_race_is_told_lap_by_lap(on_warehouse: Warehouse) -> None:
    """In each sim that lists laps: a line a car, from the grid to the flag, with the places of the mart."""
    races = on_warehouse.query(
        "select sim, min(race_id) from (select split_part(race_id, ':', 1) as sim, race_id from marts.fct_race_laps "
        "where position_after_lap is not null group by race_id having count(distinct entry_id) > 3) as told "
        # one class on the page, and a driver a car
        "where race_id in (select race_id from marts.fct_race_results group by race_id having "
        "count(distinct car_class_id) = 1 and count(distinct entry_id) = count(*)) group by sim order by sim"
    )
    assert len(races) > 3
    for _, race_id in races:
        app = opened("race", race=str(race_id))
        drawn = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
        lines = {line["name"]: line for line in drawn if line["mode"] == "lines"}
        [(cars,)] = on_warehouse.query(
            "select count(distinct laps.entry_id) from marts.fct_race_laps as laps inner join "
            f"marts.fct_race_results as results using (race_id, entrant_id) where race_id = '{race_id}'"
        )
        assert len(lines) == cars
        best = on_warehouse.query(
            "select laps.lap_number, laps.position_after_lap, results.driver_name, results.start_position "
            "from marts.fct_race_laps as laps inner join marts.fct_race_results as results using (race_id, entrant_id) "
            f"where race_id = '{race_id}' and finish_position = 1 and position_after_lap is not null order by 1"
        )
        (winner,) = (line for name, line in lines.items() if name.startswith(words.literal(best[0][2])))
        grid = [] if best[0][3] is None else [(0, best[0][3])]
        assert list(zip(winner["x"], winner["y"], strict=True)) == [*grid, *((row[0], row[1]) for row in best)]


def test_cars_in_colour_are_chosen_and_stand_in_the_address(on_warehouse: Warehouse) -> None:
    race_id, entry_id = on_warehouse.query(
        "select race_id, max(entry_id) from marts.fct_race_laps where position_after_lap > 0 and is_known_entry "
        "group by race_id having count(distinct entry_id) > 6 order by race_id limit 1"
    )[0]
    app = opened("race", race=str(race_id), cars=[str(entry_id)])
    assert app.multiselect[0].value == [entry_id]
    coloured = [
        line for line in json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
        if line["mode"] == "lines" and line["line"]["color"] != charts.NEUTRAL
    ]  # fmt: skip
    assert len(coloured) == 1


def test_the_story_counts_and_marks_what_happened() -> None:
    cars = pd.DataFrame(
        {
            "entry_id": ["a", "b"],
            "driver_name": ["Ada", None],
            "car_number": ["7", None],
            "start_position": [2, None],
            "laps_led": [0, 3],
        }
    )
    laps = pd.DataFrame(
        {
            "entry_id": ["a", "a", "b", "b"],
            "lap_number": [1, 2, 1, 2],
            "position_after_lap": [2, 1, 1, None],
            "gap_to_leader_s": [0.5, 0.0, 0.0, None],
            "lap_time_s": [61.0, 180.0, 60.0, 59.0],
            "sector_1_s": [20.0, 0.0, 21.0, None],
            "sector_2_s": None,
            "sector_3_s": None,
            "lap_events": ["off track, contact", "pitted", "contact", None],
            "is_valid": [True, True, None, False],
            "is_pit_lap": [False, True, False, False],
        }
    )
    penalties = pd.DataFrame({"entry_id": ["a"], "lap_number": [1], "kind": ["drive_through"]})
    race = race_story.Race(cars, laps, penalties)
    assert race.names() == {"a": "Ada, #7", "b": "unknown driver"}
    marks = {line.name: list(zip(line.x, line.y, strict=True)) for line in race_story.positions(race, ["a"]).data}
    assert marks["In the pits"] == [(2, 1)]
    assert marks["Penalty"] == [(1, 2)]
    assert marks["Ada, #7"] == [(0, 2), (1, 2), (2, 1)]
    bars = {bar.name: list(zip(bar.x, bar.y, strict=True)) for bar in (race_story.incidents(race) or go.Figure()).data}
    assert bars == {"contact": [(1, 2)], "off track": [(1, 1)], "pitted": [(2, 1)]}
    told = {row.what: (row.driver_name, row.value) for row in race_story.bests(race).itertuples()}
    assert told["Fastest lap"] == ("unknown driver", "1:00.000"), "a lap that does not count is not the fastest"
    assert told["Most laps led"] == ("unknown driver", "3 laps")
    assert told["Sector 1"] == ("Ada, #7", "20.000 s"), "a sector of 0 is none"
    own = race_story.Race(cars, laps.assign(position_after_lap=[7, 6, 6, 7], session_time_s=[9.0, 18, 8, 20]),
                          penalties, is_part=True)  # fmt: skip
    lines = {line.name: list(line.y) for line in race_story.positions(own, ["a", "b"]).data if line.mode == "lines"}
    assert lines["Ada, #7"] == [1, 2, 1], "in class, from the first place of the class on the grid"
    assert {line.name: list(line.y) for line in race_story.gaps(own, []).data} == {
        "Ada, #7": [1.0, 0.0], "unknown driver": [0.0, 2.0],
    }  # fmt: skip
    low, high = race_story.lap_times(race, ["a", "b"]).layout.yaxis.range
    assert low < 59 < 61 < high < 180
    assert race_story.incidents(race_story.Race(cars, laps.assign(lap_events=None), penalties)) is None


def test_home_tells_of_the_session_driven_last(on_warehouse: Warehouse) -> None:
    session_id, best, gain = on_warehouse.query(
        "select session_id, best_lap_time_s, theoretical_gain_s from marts.session_consistency "
        "where complete_lap_count > 0 order by session_started_at desc, session_id limit 1"
    )[0]
    app = opened("home")
    told = {metric.label: metric.value for metric in app.metric}
    assert told["Best lap"] == words.lap_time(float(str(best)))
    assert told["Left in the laps driven"] == ("few laps" if gain is None else f"{gain:.3f} s")
    lost = on_warehouse.query(
        "select comparisons.delta_s from marts.lap_comparisons as comparisons inner join marts.fct_laps as laps "
        f"using (session_id, lap_number) where session_id = '{session_id}' and laps.lap_time_s = {best} "
        "and reference_kind in ('personal_best', 'class_best') and delta_s > 0 order by delta_s desc limit 1"
    )
    said = [text.value for text in app.text if " m to " in text.value]
    assert not lost or said[0].startswith(f"{lost[0][0]:.3f} s from ")


@pytest.mark.parametrize("has_tables", [True, False])
def test_an_empty_home_names_the_folders_of_the_sims(
    empty: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, has_tables: bool
) -> None:
    url = empty if has_tables else empty.replace("/dashboard_empty?", "/postgres?")
    monkeypatch.setenv("SIMRACE_DATABASE_URL", url)
    monkeypatch.setattr(home, "find_sim_folders", lambda: [SimFolder("iRacing", tmp_path, 12, 1_000)])
    app = opened("home")
    assert f"simrace run '{tmp_path}'" in [code.value for code in app.code]
    assert "iRacing: 12 files" in [caption.value for caption in app.caption]
