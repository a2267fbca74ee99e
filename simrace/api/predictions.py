"""What the published models say of a race to come, as the API answers it."""

import threading
from datetime import datetime
from typing import Annotated, Any

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field

from simrace.build.dbt import Compiled
from simrace.build.last_build import hash_of_project
from simrace.build.project import project_directory
from simrace.build.runs import recorded
from simrace.database.connection import ConnectionParameters, connection_parameters
from simrace.operations.commands import say_in_log
from simrace.predictions.announced import compile_features
from simrace.predictions.entries import LONGEST_TEXT, MOST_ENTRIES, read_document
from simrace.predictions.errors import PredictionError
from simrace.predictions.forecast import Forecast, forecast_entries
from simrace.predictions.store import keep_forecast

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class AskedRace(BaseModel):
    """Where and when."""

    model_config = ConfigDict(extra="forbid")
    layout: Annotated[Name | None, Field(description="layout_id, or track and layout as the sim names them.")] = None
    license_category: Annotated[Name | None, Field(description="Id or name; else that of most races.")] = None
    series_name: Name | None = None
    starts_at: Annotated[datetime | None, Field(description="Green flag; else now.")] = None
    is_official: bool = True


class AskedEntry(BaseModel):
    """Who, in what, from where."""

    model_config = ConfigDict(extra="forbid")
    driver: Name = Field(description="driver_id, iRacing's id of the customer, or the name.")
    car: Annotated[Name | None, Field(description="car_id or name.")] = None
    car_class: Annotated[Name | None, Field(description="car_class_id or name; else that of the car's last race.")] = (
        None
    )
    start_position: Annotated[int, Field(ge=1, le=1_000)] | None = None
    qualifying_lap: Annotated[float, Field(ge=1, le=3_600, description="Seconds.")] | None = None
    irating: Annotated[int, Field(ge=1, le=20_000, description="Else the latest known.")] | None = None


class AskedForecast(BaseModel):
    """A race that has not been run."""

    model_config = ConfigDict(extra="forbid")
    race: AskedRace = AskedRace()
    entries: Annotated[list[AskedEntry], Field(min_length=1, max_length=MOST_ENTRIES)]


class Expected(BaseModel):
    """What is expected, and between what ends four times in five."""

    value: float
    low: float
    high: float


class ExpectedEntry(BaseModel):
    """What is expected of an entry."""

    driver_id: str | None = Field(description="Null for whom nobody knows.")
    name: str
    car_class_id: str
    place: int | None = Field(description="In class, by the expected finish; null while no model of it is published.")
    said: dict[str, Expected] = Field(description="By target: finish, podium, did_not_finish, irating_change.")


class ForecastAnswer(BaseModel):
    """What is expected of the race."""

    race_key: str = Field(description="As marts.predictions has it.")
    entries: list[ExpectedEntry]
    coverage: dict[str, float] = Field(description="By target, how often such intervals held on the latest races.")
    notes: list[str] = Field(description="What to know before one believes it.")


class Forecaster:
    """Asks the models; the SQL of features is compiled once for each state of the project."""

    def __init__(self, dbt: threading.Lock) -> None:
        """`dbt` is held while dbt is at work in this process, which cannot do two things at once."""
        self._dbt = dbt
        self._compiled: tuple[Any, dict[str, Compiled]] | None = None

    def answer(self, asked: AskedForecast) -> ForecastAnswer:
        """What is expected of a race.

        Raises:
            HTTPException: the entry list contradicts itself or the warehouse, or no model can be asked (409).
        """
        try:
            entries = read_document(asked.model_dump(mode="json", exclude_none=True))
            with recorded("predict") as run:
                run.parameters = parameters = connection_parameters(say_in_log)
                made = forecast_entries(parameters, entries, "api", lambda: self._features(parameters))
                keep_forecast(parameters, made.predictions)
        except PredictionError as error:
            raise HTTPException(409, str(error)) from error
        return _answer(made)

    def _features(self, parameters: ConnectionParameters) -> dict[str, Compiled]:
        made_from = hash_of_project(project_directory())
        with self._dbt:
            if self._compiled is None or self._compiled[0] != made_from:
                self._compiled = made_from, compile_features(parameters)
            return self._compiled[1]


def _answer(made: Forecast) -> ForecastAnswer:
    entries = [
        ExpectedEntry(
            driver_id=entry.driver_id, name=entry.name, car_class_id=entry.car_class_id, place=entry.place,
            said={name: Expected(value=of.value, low=of.low, high=of.high) for name, of in entry.said.items()},
        )
        for entry in made.entries
    ]  # fmt: skip
    return ForecastAnswer(race_key=made.race_key, entries=entries, coverage=made.coverage, notes=made.notes)
