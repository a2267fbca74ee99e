"""The models and predictions in `ops`, which the marts show."""

import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extras import execute_values

from ingestion.raw_tables import relation_exists
from simrace.database.connection import ConnectionParameters
from simrace.predictions.card import card
from simrace.predictions.errors import PredictionError
from simrace.predictions.model import Model, read_model, target_of
from simrace.predictions.ratings import RatingForecast, keep_forecasts
from simrace.predictions.targets import TARGETS
from simrace.predictions.training_data import ENTRIES


@dataclass(frozen=True)
class Stored:
    """A model in the warehouse.

    Attributes:
        target: What it predicts.
        model_id: Its key.
        verdict: Why it is not published; None for one that is.
        trained_at: When it was trained last.
        card: Its card as Markdown.
    """

    target: str
    model_id: str
    verdict: str | None
    trained_at: datetime
    card: str


@dataclass(frozen=True)
class Prediction:
    """What was said of an entry: a row of ops.predicted."""

    model_id: str
    race_key: str
    entry_key: str
    race_id: str | None
    driver_id: str | None
    layout_id: str | None
    license_category_id: str | None
    starts_at: datetime | str | None
    value: float
    low: float
    high: float
    made_by: str


def keep(
    connection: Connection,
    models: Iterable[Model],
    predictions: Iterable[Prediction],
    forecasts: list[RatingForecast],
) -> None:
    """Write models, what they say of races, and forecasts of ratings; a model that is there was trained again."""
    with connection.cursor() as cursor:
        require_tables(cursor)
        for model in models:
            _keep_model(cursor, model)
        keep_predictions(cursor, predictions)
        keep_forecasts(cursor, forecasts)
        # who is published as a pseudonym since has left the drivers under the old id
        cursor.execute(
            "delete from ops.predicted where driver_id is not null "
            "and driver_id not in (select driver_id from marts.dim_drivers)"
        )


def _keep_model(cursor: Cursor, model: Model) -> None:
    cursor.execute(
        "insert into ops.models (model_id, target, body, card, scores, verdict, learned_until) "
        "values (%s, %s, %s, %s, %s, %s, %s) on conflict (model_id) do update set trained_at = now()",
        (
            model.model_id,
            model.target,
            model.text(),
            card(model),
            json.dumps(model.scores),
            model.verdict,
            model.about["learned_until"],
        ),
    )


def list_models(connection: Connection) -> list[Stored]:
    """The latest model of each target, by target."""
    with connection.cursor() as cursor:
        require_tables(cursor)
        cursor.execute(
            "select distinct on (target) target, model_id, verdict, trained_at, card from ops.models "
            "order by target, trained_at desc, model_id"
        )
        return [Stored(*row) for row in cursor]


def published_models(connection: Connection, of: str = ENTRIES) -> list[Model]:
    """The latest model of each target, if it beat its baselines.

    Args:
        connection: To a warehouse that has been built.
        of: Targets of entries of races, or of laps.

    Raises:
        PredictionError: there is none, or one cannot be used here.
    """
    # a target that this version does not know is told below
    stored = [each for each in list_models(connection) if each.target not in TARGETS or TARGETS[each.target].of == of]
    if not stored:
        raise PredictionError("No model is trained yet: simrace train")
    published = [each.model_id for each in stored if each.verdict is None]
    if not published:
        raise PredictionError(
            "No model beats its baselines on this warehouse, so none is published: `simrace models` shows by how much."
        )
    with connection.cursor() as cursor:
        cursor.execute("select body from ops.models where model_id = any(%s) order by target", (published,))
        models = [read_model(body) for (body,) in cursor]
    for model in models:
        target_of(model)
        refuse_other_library(model)
    return models


def keep_predictions(cursor: Cursor, predictions: Iterable[Prediction]) -> int:
    """Write predictions, in place of earlier words of the same model on the same race; how many they are."""
    names = list(Prediction.__dataclass_fields__)
    rows = [tuple(getattr(each, name) for name in names) for each in predictions]
    said = ("value", "low", "high", "made_by", "starts_at")
    execute_values(
        cursor,
        f"insert into ops.predicted ({', '.join(names)}) values %s on conflict (model_id, race_key, entry_key) "
        f"do update set {', '.join(f'{name} = excluded.{name}' for name in said)}, predicted_at = now()",
        rows,
    )
    return len(rows)


def keep_forecast(parameters: ConnectionParameters, predictions: Iterable[Prediction]) -> None:
    """Write what was said of a race."""
    with closing(parameters.connect()) as connection, connection, connection.cursor() as cursor:
        keep_predictions(cursor, predictions)


def refuse_other_library(model: Model) -> None:
    """What is installed has to be what its scores were measured with; without scikit-learn its numbers suffice."""
    try:
        installed = version("scikit-learn")
    except PackageNotFoundError:
        return
    if (trained := model.about["scikit_learn"]) != installed:
        raise PredictionError(
            f"The model of {model.target} was trained and measured with scikit-learn {trained}; here is {installed}. "
            "Train again: simrace train"
        )


def require_tables(cursor: Cursor) -> None:
    """Refuse a warehouse that has no place for models."""
    if not relation_exists(cursor, "ops.rating_forecasts"):
        raise PredictionError("The warehouse was built by an older version: bring it up to date with `simrace run`.")
