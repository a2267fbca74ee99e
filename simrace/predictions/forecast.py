"""What the published models say of a race, driver by driver."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.build.dbt import Compiled
from simrace.database.connection import ConnectionParameters
from simrace.predictions import targets
from simrace.predictions.announced import compile_features, look_up
from simrace.predictions.entries import EntryList
from simrace.predictions.errors import PredictionError
from simrace.predictions.model import Model
from simrace.predictions.store import Prediction, published_models
from simrace.predictions.targets import FINISH
from simrace.predictions.training_data import FIELD, read_known

if TYPE_CHECKING:
    import pandas as pd

CHANCES = ("podium", "did_not_finish")


@dataclass(frozen=True)
class Interval:
    """What is expected, and between what ends it is expected four times in five."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Entry:
    """What is said of an entry.

    Attributes:
        key: driver_id, or `entry` and its place in the list.
        driver_id: None for whom nobody knows.
        name: Of the driver.
        car_class_id: Who is ordered against whom.
        place: In class, by the expected finish; None without a model of it.
        said: By target.
    """

    key: str
    driver_id: str | None
    name: str
    car_class_id: str
    place: int | None
    said: dict[str, Interval]


@dataclass(frozen=True)
class Forecast:
    """What is said of a race.

    Attributes:
        race_key: race_id, or `entries:` and a hash.
        entries: In the order that is expected, class by class.
        coverage: By target, how often such intervals held on races that the model never saw; chances have none.
        notes: What to know before one believes it.
        predictions: For ops.predicted; none where they would be no predictions.
    """

    race_key: str
    entries: list[Entry]
    coverage: dict[str, float]
    notes: list[str] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)


@dataclass(frozen=True)
class Race:
    """Which race is asked about.

    Attributes:
        race_key: As `Forecast` has it.
        race_id: None where it has not been run.
        layout_id: None where it is not known.
        license_category_id: Its category.
        starts_at: Its green flag; None where it is not known.
    """

    race_key: str
    race_id: str | None
    layout_id: str | None
    license_category_id: str
    starts_at: datetime | str | None


def forecast_race(connection: Connection, race: str, made_by: str) -> Forecast:
    """What the models say of a race in the training data, by what was known at its green flag.

    Args:
        connection: To a warehouse that has been built.
        race: race_id, or subsession_id.
        made_by: Command that asks.

    Raises:
        PredictionError: there is no such race, or no model is published.
    """
    models = published_models(connection)
    where = sql.SQL("rows.race_id = {0} or rows.subsession_id = {0}").format(sql.Literal(race))
    rows = read_known(connection, where).rows
    if not len(rows):
        raise PredictionError(
            f"There is no race {race!r} in marts.ml_training_data: it has main races of iRacing. For a race that has "
            "not been run: simrace predict --entries FILE"
        )
    first = rows.iloc[0]
    starts_at = None if rows["feature_cutoff_at"].isna().all() else str(first["feature_cutoff_at"])
    about = Race(str(first["race_id"]), str(first["race_id"]), str(first["layout_id"]),
                 str(first["license_category_id"]), starts_at)  # fmt: skip
    keys = [str(driver_id) for driver_id in rows["driver_id"]]
    made = forecast(models, rows, about, keys, [*keys], read_names(connection, keys), made_by)
    seen = sorted(each.target for each in models if _has_seen(each, starts_at))
    if seen:
        made.notes.append(
            f"The models of {', '.join(seen)} learned from this race or were calibrated on it: what they say of it is "
            "no prediction, and is not kept."
        )
        made.predictions[:] = [each for each in made.predictions if each.model_id not in _ids(models, seen)]
    return made


def forecast_entries(
    parameters: ConnectionParameters,
    asked: EntryList,
    made_by: str,
    features: Callable[[], dict[str, Compiled]] | None = None,
) -> Forecast:
    """What the models say of a race that has not been run.

    Args:
        parameters: The database.
        asked: Its entry list.
        made_by: Command that asks.
        features: What gives those of `compile_features`; None compiles them.

    Raises:
        PredictionError: no model is published, or the entry list cannot be understood.
        BuildError: the project cannot be compiled.
    """
    with closing(parameters.connect()) as connection:
        models = published_models(connection)
    told = look_up(parameters, features() if features else compile_features(parameters), asked)
    about = Race(told.race_key, None, told.layout_id, told.license_category_id, told.starts_at)
    made = forecast(models, told.known.rows, about, told.keys, told.driver_ids, told.names, made_by)
    made.notes[:0] = told.notes
    if late := sorted(each.target for each in models if _has_seen(each, told.starts_at.isoformat())):
        made.notes.append(f"The models of {', '.join(late)} learned from races after its start.")
    return made


def _has_seen(model: Model, starts_at: str | None) -> bool:
    until = model.about["learned_until"]
    if starts_at is None or until is None:  # undated races come first in the order of time
        return True
    return datetime.fromisoformat(starts_at) <= datetime.fromisoformat(until)


def _ids(models: list[Model], named: list[str]) -> set[str]:
    return {each.model_id for each in models if each.target in named}


def read_names(connection: Connection, driver_ids: list[str]) -> dict[str, str]:
    """Names by driver_id, as the marts show them."""
    with connection.cursor() as cursor:
        cursor.execute("select driver_id, driver_name from marts.dim_drivers where driver_id = any(%s)", (driver_ids,))
        return {driver_id: name or driver_id for driver_id, name in cursor}


def forecast(
    models: list[Model],
    rows: "pd.DataFrame",
    race: Race,
    keys: list[str],
    driver_ids: list[str | None],
    names: dict[str, str],
    made_by: str,
) -> Forecast:
    """What models say of entries.

    Args:
        models: Each of another target.
        rows: What is known of the entries, an index from 0.
        race: Which race that is.
        keys: Key of each entry.
        driver_ids: Driver of each; None for whom nobody knows.
        names: What people call them, by key.
        made_by: Command that asks.
    """
    said = {model.target: model.say(rows) for model in models}
    asks = {name: targets.can_be_asked(name, rows) for name in said}
    order = targets.places(rows, said[FINISH.name].value) if FINISH.name in said else None
    entries = [
        Entry(
            key,
            driver_ids[at],
            names.get(key, key),
            str(rows["car_class_id"].iloc[at]),
            None if order is None else int(order[at] + 0.5),
            {
                name: Interval(float(of.value[at]), float(of.low[at]), float(of.high[at]))
                for name, of in said.items()
                if asks[name][at]
            },
        )
        for at, key in enumerate(keys)
    ]
    entries.sort(key=lambda each: (each.car_class_id, each.place or 0, each.name, each.key))
    made = Forecast(
        race.race_key, entries, {model.target: held for model in models if (held := _held(model)) is not None}
    )
    made.notes.extend(_notes(rows))
    made.predictions.extend(_predictions(models, race, entries, made_by))
    return made


def _held(model: Model) -> float | None:
    spans = ("test", "all drivers", "coverage")
    found = [each["value"] for each in model.scores if (each["span"], each["scorer"], each["measure"]) == spans]
    return float(found[0]) if found else None


def _notes(rows: "pd.DataFrame") -> Iterator[str]:
    if newcomers := int(targets.is_newcomer(FINISH, rows).sum()):
        yield f"{newcomers} of {len(rows)} have no rating or no race behind them, and intervals as newcomers have."
    alone = rows.groupby([rows[name] for name in FIELD], dropna=False)["class_field_size"].max()
    if (alone == 1).any():
        yield "A class has one entry alone: its place is the first, whoever drives."


def _predictions(models: list[Model], race: Race, entries: list[Entry], made_by: str) -> Iterator[Prediction]:
    for model in models:
        for entry in entries:
            if (said := entry.said.get(model.target)) is None:
                continue
            yield Prediction(
                model.model_id, race.race_key, entry.key, race.race_id, entry.driver_id, race.layout_id,
                race.license_category_id, race.starts_at, said.value, said.low, said.high, made_by,
            )  # fmt: skip
