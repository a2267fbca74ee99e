"""Models are trained, kept and used beside a warehouse, and nothing that they say comes back into it."""

from typing import Any

import pytest

from tests.conftest import PREDICTED, Warehouse


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


def test_no_feature_is_made_of_predictions(warehouse: Warehouse) -> None:
    nodes: dict[str, Any] = warehouse.manifest()["nodes"]
    written = {f"source.simrace.ops.{table}" for table in ("models", "predictions")}
    seen, ahead = set(), ["model.simrace.ml_training_data", "model.simrace.driver_pace_and_results"]
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
    assert trained.query(f"select count(*) from ops.predictions where race_id = '{race_id}'") == [(0,)]


def test_what_cannot_be_predicted_is_refused_with_the_way_out(trained: Warehouse, warehouse: Warehouse) -> None:
    done = trained.run("simrace", "predict", "iracing:nowhere", check=False)
    assert done.returncode == 1 and "simrace predict --entries FILE" in done.stderr
    done = warehouse.run("simrace", "predict", later_race(warehouse), check=False)
    assert done.returncode == 1 and "No model is trained yet: simrace train" in done.stderr


def test_who_leaves_the_drivers_leaves_the_predictions(trained: Warehouse) -> None:
    """As after `simrace forget --driver`, or a switch to pseudonyms."""
    trained.query("update ops.predictions set driver_id = 'iracing:nobody' where made_by = 'train'")
    assert trained.query("select count(*) from marts.predictions where made_by = 'train'") == [(0,)]
