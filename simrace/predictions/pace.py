"""How long the laps of a stint take, by the published model of lap times."""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.lap_times import lap_time_text
from simrace.predictions.arithmetic import Numbers
from simrace.predictions.errors import PredictionError
from simrace.predictions.model import Model
from simrace.predictions.targets import LAP_TIME
from simrace.race_plan import Pace

if TYPE_CHECKING:
    import pandas as pd


class ModelPace:
    """Lap times as a model expects them, by the age of the stint, fuel and temperature."""

    def __init__(self, model: Model, usual: "pd.Series[float]", air_c: float | None, track_c: float | None) -> None:
        """Ask a model.

        Args:
            model: Of lap times.
            usual: What the driver's laps say: `usual_lap_s`, `usual_laps`, and means of fuel and temperatures.
            air_c: Air temperature; None is the usual one.
            track_c: Track temperature; None is the usual one.
        """
        self._model, self._usual = model, usual
        self._air_c = float(usual["air_temp_c"]) if air_c is None else air_c
        self._track_c = float(usual["track_temp_c"]) if track_c is None else track_c
        self.stint_s = cache(self._stint_s)

    @property
    def told_by(self) -> str:
        """What the model is, and what it starts from."""
        return (
            f"Lap times are by the model of {LAP_TIME.name} ({self._model.model_id[:12]}): stint age, fuel and "
            f"temperature beside the driver's usual {lap_time_text(float(self._usual['usual_lap_s']))}."
        )

    def laps_s(self, laps: int, fuel_l: float, fuel_per_lap_l: float) -> Numbers:
        """Seconds of each lap of a stint."""
        import pandas as pd

        lap = np.arange(1.0, laps + 1)
        fuel = np.maximum(fuel_l - (lap - 1) * fuel_per_lap_l, 0)
        rows = pd.DataFrame(
            {
                "stint_lap": lap,
                "fuel_at_start_l": fuel,
                "air_temp_c": self._air_c,
                "track_temp_c": self._track_c,
                "fuel_gap_l": fuel - self._usual["fuel_at_start_l"],
                "air_temp_gap_c": self._air_c - self._usual["air_temp_c"],
                "track_temp_gap_c": self._track_c - self._usual["track_temp_c"],
                "usual_laps": self._usual["usual_laps"],
            }
        )
        # a line goes on where nothing was seen: what is beyond is taken for the end of what was
        for name, (least, greatest) in self._model.about["seen"].items():
            rows[name] = rows[name].clip(least, greatest)
        return np.asarray(self._usual["usual_lap_s"] * (1 + self._model.say(rows).value / 100))

    def _stint_s(self, laps: int, fuel_l: float, fuel_per_lap_l: float) -> float:
        return float(self.laps_s(laps, fuel_l, fuel_per_lap_l).sum())


def pace_of(
    connection: Connection,
    driver_id: str,
    layout_id: str,
    car_id: str,
    air_c: float | None = None,
    track_c: float | None = None,
) -> tuple[Pace | None, str]:
    """What the published model of lap times expects of a driver, or None and why there is none.

    Args:
        connection: To a warehouse that has been built.
        driver_id: The driver.
        layout_id: Where.
        car_id: In what.
        air_c: Air temperature; None is the usual one.
        track_c: Track temperature; None is the usual one.
    """
    from simrace.predictions.lap_data import read_laps, usual_of
    from simrace.predictions.store import published_models
    from simrace.predictions.training_data import LAPS

    try:
        (model,) = published_models(connection, LAPS)
        return ModelPace(model, usual_of(read_laps(connection), driver_id, layout_id, car_id), air_c, track_c), ""
    except PredictionError as error:
        return None, f"No model of lap times is used: {error}"
