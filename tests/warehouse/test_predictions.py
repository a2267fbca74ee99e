"""Models are trained, kept and used beside a warehouse, and nothing that they say comes back into it."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from threading import Lock
from typing import Any

import psycopg2
import pytest
import streamlit as st
from fastapi import HTTPException
from psycopg2 import sql
from streamlit.testing.v1 import AppTest

from simrace.api import predictions
from simrace.api.predictions import AskedForecast
from simrace.build.dbt import Compiled
from simrace.database.connection import ConnectionParameters, connection_parameters
from simrace.operations.forget import strike
from simrace.predictions import announced, store
from simrace.predictions.entries import read_document
from simrace.predictions.errors import EntryListError
from simrace.predictions.forecast import forecast_entries
from simrace.predictions.lap_data import known_laps
from simrace.predictions.train import train
from simrace.predictions.training_data import PRACTICE, read_known
from tests.conftest import PREDICTED, Warehouse
from tests.predictions.stints import stints


@pytest.fixture(scope="module")
def trained(warehouse: Warehouse) -> Warehouse:
    """A copy of the warehouse, trained, in which the models count as published: a small season beats no grid."""
    copy = warehouse.other("trained", is_copy=True)
    said = copy.run("simrace", "train").stdout
    assert "mean absolute error" in said
    copy.query("update ops.models set verdict = null")
    return copy


def later_race(warehouse: Warehouse) -> str:
    [(race_id,)] = warehouse.query(
        "select race_id from marts.ml_training_data where split = 'test' and not is_team_race order by 1 limit 1"
    )
    return str(race_id)


def test_training_and_predicting_fill_the_marts(trained: Warehouse) -> None:
    race_id = later_race(trained)
    trained.run("simrace", "predict", race_id)
    assert [mart for mart in PREDICTED if trained.query(f"select count(*) from marts.{mart}") == [(0,)]] == []
    [(entries, drivers, unseen)] = trained.query(
        "select count(*), (select count(*) from marts.ml_training_data where race_id = predictions.race_id), "
        "bool_and(is_unseen) from marts.predictions "
        f"where target = 'finish' and race_id = '{race_id}' and made_by = 'predict' group by race_id"
    )
    assert entries == drivers and unseen is True


@pytest.fixture(scope="module")
def here(trained: Warehouse) -> Iterator[ConnectionParameters]:
    """This process asks the trained warehouse."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in trained.environment.items():
            patch.setenv(name, value)
        yield connection_parameters()


@pytest.fixture(scope="module")
def features(here: ConnectionParameters) -> dict[str, Compiled]:
    return announced.compile_features(here)


def test_an_announced_race_knows_what_the_training_data_know(
    here: ConnectionParameters, features: dict[str, Compiled]
) -> None:
    """Of the latest race of a file with ratings and licences, whose entry list is told as one to come."""
    with closing(here.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select race_id, layout_id, license_category_id, series_name, feature_cutoff_at, is_official "
            "from marts.ml_training_data where not is_team_race and safety_rating_before is not null "
            "order by feature_cutoff_at desc limit 1"
        )
        race_id, layout, category, series, starts_at, is_official = cursor.fetchone() or ()
        race = {"layout": layout, "license_category": category, "series_name": series,
                "starts_at": starts_at.isoformat(), "is_official": is_official}  # fmt: skip
        cursor.execute(
            "select driver_id, car_id, car_class_id, start_position, "
            "cast(qualifying_lap_ms / 1000.0 as double precision), irating_before "
            "from marts.ml_training_data where race_id = %s order by driver_id", (race_id,),
        )  # fmt: skip
        names = ("driver", "car", "car_class", "start_position", "qualifying_lap", "irating")
        entries = [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in cursor]
        told = announced.look_up(here, features, read_document({"race": race, "entries": entries}))
        of_race = sql.SQL("rows.race_id = {}").format(sql.Literal(race_id))
        real = read_known(connection, of_race).rows.set_index("driver_id").loc[told.keys]
    rows = told.known.rows.set_index("driver_id")
    # a list does not say which event it is of, whose own practice is therefore none of it
    assert (rows["sessions_before"].fillna(0) <= real["sessions_before"].fillna(0)).all()
    for name in set(told.known.features) - {*PRACTICE}:
        assert list(rows[name].fillna(-1)) == list(real[name].fillna(-1)), name
    assert rows["target_finish_position"].isna().all() and told.notes == []


def test_strangers_are_answered_with_all_that_is_possible(trained: Warehouse) -> None:
    lines = ["driver,car,layout"] + [f"Stranger {number},Nobody's Car,nowhere" for number in range(6)]
    path = trained.folder / "strangers.csv"
    path.write_text("\n".join(lines), "utf-8")
    done = trained.run("simrace", "predict", "--entries", path)
    assert done.stdout.count("(1 to 6)") == 6
    for note in (
        "6 of 6 drivers are in no race",
        "raced the car",
        "raced on the layout 'nowhere'",
        "category is not told",
    ):
        assert note in done.stderr
    keys = "select entry_key, driver_id, low, high from marts.predictions where target = 'finish' and race_id is null"
    assert trained.query(f"{keys} order by 1") == [(f"entry {number}", None, 1, 6) for number in range(1, 7)]


def test_a_field_of_one_is_first(trained: Warehouse) -> None:
    path = trained.folder / "alone.json"
    path.write_text('{"race": {"license_category": "5"}, "entries": [{"driver": "Stranger"}]}', "utf-8")
    done = trained.run("simrace", "predict", "--entries", path)
    assert "1.0 (1 to 1)" in done.stdout and "one entry alone" in done.stderr


def test_what_an_entry_list_cannot_mean_is_refused(here: ConnectionParameters, features: dict[str, Compiled]) -> None:
    with closing(here.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("select driver_id, driver_name from marts.dim_drivers where sim = 'iracing' order by 1 limit 1")
        driver_id, name = cursor.fetchone() or ()
    for document, said in (
        ({"entries": [{"driver": driver_id}, {"driver": name}]}, "a driver twice, under two names"),
        ({"race": {"license_category": "Boats"}, "entries": [{"driver": name}]}, "licence category 'Boats'"),
    ):
        with pytest.raises(EntryListError, match=said):
            announced.look_up(here, features, read_document(document))


def test_the_api_says_what_the_command_says(here: ConnectionParameters, features: dict[str, Compiled]) -> None:
    asked = {"race": {"license_category": "5", "starts_at": "2031-05-03T19:00:00Z"},
             "entries": [{"driver": f"Stranger {at}", "start_position": at} for at in range(1, 5)]}  # fmt: skip
    made = forecast_entries(here, read_document(asked), "predict", lambda: features)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predictions, "compile_features", lambda _: features)
        answer = predictions.Forecaster(Lock()).answer(AskedForecast.model_validate(asked))
        assert [entry.model_dump()["said"] for entry in answer.entries] == [
            {name: vars(said) for name, said in entry.said.items()} for entry in made.entries
        ]
        assert answer.race_key == made.race_key and "4 of 4 drivers are in no race of the warehouse." in answer.notes
        with pytest.raises(HTTPException) as refused:
            predictions.Forecaster(Lock()).answer(AskedForecast.model_validate({"entries": [{"driver": "\x07"}]}))
    assert refused.value.status_code == 409
    with closing(here.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from marts.predictions where made_by = 'api' and race_key = %s", (made.race_key,)
        )
        assert cursor.fetchone() == (len(made.predictions),)


# What models learn from.
SEEN = ("ml_training_data", "driver_pace_and_results", "fct_laps", "fct_stints", "dim_sessions")


def test_no_feature_is_made_of_predictions(warehouse: Warehouse) -> None:
    nodes: dict[str, Any] = warehouse.manifest()["nodes"]
    written = {f"source.simrace.ops.{table}" for table in ("models", "predicted", "rating_forecasts")}
    seen, ahead = set(), [f"model.simrace.{name}" for name in SEEN]
    while ahead:
        node = ahead.pop()
        if node not in seen:
            seen.add(node)
            ahead += nodes.get(node, {}).get("depends_on", {}).get("nodes", [])
    assert len(seen) > 50 and not seen & written


def test_a_race_that_a_model_learned_from_is_no_prediction(trained: Warehouse) -> None:
    [(race_id,)] = trained.query("select min(race_id) from marts.ml_training_data where split = 'train'")
    done = trained.run("simrace", "predict", str(race_id))
    assert "is no prediction" in done.stderr
    assert trained.query(f"select count(*) from ops.predicted where race_id = '{race_id}'") == [(0,)]


def test_what_cannot_be_predicted_is_refused_with_the_way_out(trained: Warehouse, warehouse: Warehouse) -> None:
    done = trained.run("simrace", "predict", "iracing:nowhere", check=False)
    assert done.returncode == 1 and "simrace predict --entries FILE" in done.stderr
    done = warehouse.run("simrace", "predict", later_race(warehouse), check=False)
    assert done.returncode == 1 and "No model is trained yet: simrace train" in done.stderr


def test_the_page_shows_what_the_models_are_worth(trained: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRACE_DATABASE_URL", trained.url)
    st.cache_data.clear()
    script = "from simrace.dashboard.pages import predictions\npredictions.show()"
    for target, charts in (("podium", 2), ("irating_change", 3)):
        page = AppTest.from_string(script, default_timeout=60)
        page.query_params["target"] = target
        page.run()
        assert not page.exception and len(page.success) == 1
        assert {"Place in class", "Podium", "Change of iRating"} <= set(page.dataframe[0].value["what"])
        assert {"Model", "Grid"} <= set(page.dataframe[1].value["scorer"])
        assert len(page.get("plotly_chart")) == charts
    st.cache_data.clear()


def test_a_race_that_was_predicted_is_scored_once_it_was_run(trained: Warehouse) -> None:
    """The entry list of a race of the test span, told as one to come, is scored like the race itself."""
    race_id = later_race(trained)
    [(layout, category, starts_at)] = trained.query(
        "select layout_id, license_category_id, min(feature_cutoff_at) from marts.ml_training_data "
        f"where race_id = '{race_id}' group by 1, 2"
    )
    listed = trained.query(
        "select driver_id, start_position, car_id, car_class_id from marts.ml_training_data "
        f"where race_id = '{race_id}' order by 1"
    )
    lines = ["driver,start_position,car,car_class,layout,license_category,starts_at"]
    lines += [",".join([*map(str, entry), str(layout), str(category), str(starts_at)]) for entry in listed]
    (trained.folder / "raced.csv").write_text("\n".join(lines), "utf-8")
    trained.run("simrace", "predict", "--entries", trained.folder / "raced.csv")
    scores = trained.query(
        "select drivers, error, grid_error, coverage, trained_error from marts.prediction_scores "
        f"where target = 'finish' and race_id = '{race_id}' and race_key like 'entries:%'"
    )
    [(drivers, error, grid_error, coverage, trained_error)] = scores
    own = trained.query(
        "select grid_error from marts.prediction_scores "
        f"where target = 'finish' and race_id = '{race_id}' and race_key = race_id"
    )
    assert drivers == len(listed) and own == [(grid_error,)]
    assert [(trained_error,)] == trained.query(
        "select value from marts.model_scores where target = 'finish' and span = 'validation' and scorer = 'model'"
    )
    assert isinstance(error, float) and isinstance(coverage, float) and 0 < error < len(listed) and 0 <= coverage <= 1
    kept = trained.query(
        "select avg(abs(expected - actual)) from (select rank() over (order by value) as expected, "
        "rank() over (order by target_finish_position_in_class) as actual from marts.predictions "
        "join marts.ml_training_data as results using (driver_id) "
        f"where target = 'finish' and race_key like 'entries:%' and results.race_id = '{race_id}') as places"
    )
    assert float(str(kept[0][0])) == pytest.approx(error)


def test_a_plan_is_made_of_the_drivers_own_laps(trained: Warehouse) -> None:
    [(driver, layout, car, laps, lap_time)] = trained.query(
        "select driver_id, layout_id, car_id, pace_laps, mean_lap_time_s from marts.race_plan_basis "
        "where pace_laps > 1 order by 1, 2, 3 limit 1"
    )
    driven = trained.query(
        "select count(*), round(avg(lap_time_s), 3) from marts.fct_laps join marts.dim_sessions using (session_id) "
        f"where is_pace_eligible and driver_id = '{driver}' and layout_id = '{layout}' and car_id = '{car}'"
    )
    assert driven == [(laps, lap_time)]
    [(few, where)] = trained.query(
        "select driver_id, layout_id from marts.race_plan_basis where pace_laps < 3 and fuel_laps < 3 limit 1"
    )
    for asked, said in (((few, where), "A plan needs 3 laps"), ((driver, "nowhere"), "There are no laps of")):
        done = trained.run("simrace", "plan", str(asked[1]), "--driver", str(asked[0]), "--laps", "5", check=False)
        assert done.returncode == 1 and said in " ".join(done.stderr.split())


# These take rows away that the tests above look at.


def test_who_is_forgotten_is_predicted_no_longer(trained: Warehouse, here: ConnectionParameters) -> None:
    tables = ("ops.predicted", "ops.rating_forecasts")
    [(driver_id,)] = trained.query(
        "select driver_id from ops.rating_forecasts join ops.predicted using (driver_id) order by 1 limit 1"
    )
    others = [trained.query(f"select count(*) from {table} where driver_id <> '{driver_id}'") for table in tables]
    with closing(here.connect()) as connection:
        assert strike(connection, str(driver_id))
    assert [trained.query(f"select count(*) from {table} where driver_id is not null") for table in tables] == others


def test_who_leaves_the_drivers_leaves_the_predictions(trained: Warehouse) -> None:
    """As after a switch to pseudonyms."""
    trained.query("update ops.predicted set driver_id = 'iracing:nobody' where made_by = 'train'")
    assert trained.query("select count(*) from marts.predictions where made_by = 'train'") == [(0,)]


def test_a_plan_on_a_warehouse_is_what_one_works_out_by_hand(trained: Warehouse) -> None:
    """Four laps of a log without fuel, as if it had told of it.

    They take 107.654, 108.065, 108.025 and 108.905 s, and 2.8 l and 2.9 l in turn: 108.162 s (0.529 s) and 2.85 l
    (0.058 l).
    13 laps take 37.05 l, and 0.55 l more on the safe side; 14 take 39.9 l and 0.59 l more than a tank of 40 l holds.
    30 laps are three stints. They take 85.5 l, give or take 1.28 * 0.058 * sqrt(30 + 900 / 4) = 1.2 l, and with two
    stops of 30 s 3304.9 s, give or take 1.28 * 0.529 * sqrt(255) = 10.8 s.
    """
    who = "driver_id = 'iracing:411004' and layout_id = 'motec:saltmarsh ring - grand prix'"
    trained.query(
        "update intermediate.int_telemetry_laps_classified set fuel_used_l = 2.9 - 0.1 * (lap_number % 2), "
        "fuel_at_start_l = 40 - 2.85 * lap_number, is_fuel_eligible = true, fuel_ineligible_reason = null "
        f"where is_pace_eligible and session_id in (select session_id from marts.dim_sessions where {who})"
    )
    assert trained.query(f"select pace_laps, fuel_laps, fuel_per_lap_l from marts.race_plan_basis where {who}") == [
        (4, 4, Decimal("2.850"))
    ]
    [(driver,)] = trained.query("select driver_name from marts.dim_drivers where driver_id = 'iracing:411004'")
    asked = ("simrace", "plan", "motec:saltmarsh ring - grand prix", "--driver", str(driver), "--laps", "30",
             "--tank", "40", "--pit-loss", "30")  # fmt: skip
    done = trained.run(*asked)
    said = ("85.5 l (84.3 to 86.7)", "13 laps", "10 + 10 + 10", "after lap 10 (4 to 13)", "after lap 20 (17 to 26)",
            "54:54.0", "55:15.")  # fmt: skip
    assert [each for each in said if each not in done.stdout] == []
    assert "mean of the driver's laps" in done.stderr and "No model of lap times is used" in done.stderr

    # once a model of lap times is published, it says how long laps take
    (model,) = train(known_laps(stints()), 0)
    with closing(psycopg2.connect(trained.url)) as connection, connection:
        store.keep(connection, [model], [], [])
    assert model.verdict is None
    assert f"model of lap_time ({model.model_id[:12]})" in (done := trained.run(*asked)).stderr
    assert "10 + 10 + 10" in done.stdout and "54:54.0" not in done.stdout
    trained.query('update ops.models set body = replace(body, \'"scikit_learn":"\', \'"scikit_learn":"0.\')')
    other = " ".join(trained.run(*asked).stderr.split())
    assert "The model of lap_time was trained and measured with scikit-learn 0." in other
    assert "mean of the driver's laps" in other
    refused = trained.run("simrace", "predict", later_race(trained), check=False)
    assert refused.returncode == 1 and "was trained and measured with scikit-learn 0." in refused.stderr
    trained.query('update ops.models set body = replace(body, \'"scikit_learn":"0.\', \'"scikit_learn":"\')')
