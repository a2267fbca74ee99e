"""Laps at pace with what was known when each began: what lap times are expected from.

A lap counts as it does for pace: a whole one under green, neither out of the pits nor into them, without an incident.
The weather of a lap is taken for known, because whoever asks for a lap time says in what weather.
"""

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.raw_tables import relation_exists
from simrace.predictions.errors import PredictionError
from simrace.predictions.project_vars import project_vars
from simrace.predictions.training_data import LAPS, Known

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("session_id", "lap_number", "driver_id", "feature_cutoff_at", "split")
CONDITIONS = ("fuel_at_start_l", "air_temp_c", "track_temp_c")
# How far a condition is from its mean over the laps that say what is usual.
GAPS = {"fuel_gap_l": "fuel_at_start_l", "air_temp_gap_c": "air_temp_c", "track_temp_gap_c": "track_temp_c"}
FEATURES = ("stint_lap", *CONDITIONS, *GAPS, "usual_laps")
OF_DRIVER, OF_CAR = ["driver_id", "layout_key", "car_id"], ["layout_key", "car_id"]

QUERY = """
    copy (
        select
            laps.session_id, laps.lap_number, sessions.driver_id, sessions.car_id, sessions.layout_id, laps.layout_key,
            laps.lap_number - stints.first_lap_number + 1 as stint_lap,
            laps.lap_time_s, laps.fuel_at_start_l, laps.air_temp_c, laps.track_temp_c,
            laps.session_started_at as feature_cutoff_at,
            round(cast(extract(epoch from laps.session_started_at) + laps.started_elapsed_s - clock_s as numeric), 3)
                as began_s,
            round(cast(extract(epoch from laps.session_started_at) + laps.ended_elapsed_s - clock_s as numeric), 3)
                as ended_s
        from marts.fct_laps as laps
        inner join marts.dim_sessions as sessions on laps.session_id = sessions.session_id
        inner join marts.fct_stints as stints
            on
                laps.session_id = stints.session_id
                and laps.lap_number between stints.first_lap_number and stints.last_lap_number
        -- iRacing's clock runs since its session began, not since the log did
        cross join
            lateral (
                select case when sessions.sim = 'iracing' then min(pieces.started_elapsed_s) else 0 end as clock_s
                from marts.fct_laps as pieces
                where pieces.session_id = laps.session_id
            ) as clocks
        where
            laps.is_pace_eligible and laps.layout_key is not null
            and sessions.driver_id is not null and sessions.car_id is not null
        order by laps.session_started_at, laps.session_id, laps.lap_number
    ) to stdout (format csv, header)
"""
TEXTS = ("session_id", "driver_id", "car_id", "layout_id", "layout_key", "feature_cutoff_at")


def read_laps(connection: Connection) -> "pd.DataFrame":
    """All laps at pace whose driver, car and layout are known, in the order of their sessions.

    Args:
        connection: To a warehouse that has been built.

    Raises:
        PredictionError: it is not.
    """
    import pandas as pd

    with connection.cursor() as cursor:
        cursor.execute("set local timezone = 'UTC'; set local datestyle = 'ISO'")
        for name in ("fct_laps", "dim_sessions", "fct_stints"):
            if not relation_exists(cursor, f"marts.{name}"):
                raise PredictionError(f"There is no marts.{name} yet: land files of sessions with `simrace run`.")
        stream = io.BytesIO()
        cursor.copy_expert(QUERY, stream)
    stream.seek(0)
    laps = pd.read_csv(stream, dtype=dict.fromkeys(TEXTS, "string"), keep_default_na=False, na_values=[""])
    return laps.astype({name: "float64" for name in laps.columns if name not in TEXTS})


def known_laps(laps: "pd.DataFrame") -> Known:
    """The laps of which something is known to compare them with, as training data.

    Args:
        laps: From `read_laps`.
    """
    rows = known_before(laps)
    rows = rows.assign(
        target_slower_percent=100 * (rows["lap_time_s"] / rows["usual_lap_s"] - 1), split=_split(rows)
    ).dropna(subset=["usual_lap_s"])
    return Known(rows.reset_index(drop=True), FEATURES, (), LAPS, KEYS, "session_id")


def known_before(laps: "pd.DataFrame") -> "pd.DataFrame":
    """Laps with what the laps that were over when each began say of it: of the driver, else of the car on the layout.

    Args:
        laps: As `read_laps` has them.
    """
    rows = laps.reset_index(drop=True)
    own, car = _so_far(rows, OF_DRIVER), _so_far(rows, OF_CAR)
    usual = own.where(own["laps"].notna(), car)
    last = rows.sort_values(["began_s", "lap_number"], kind="stable").groupby("session_id")["lap_time_s"].shift()
    return rows.assign(
        usual_lap_s=usual["lap_time_s"],
        usual_laps=own["laps"].fillna(0),
        **{gap: rows[name] - usual[name] for gap, name in GAPS.items()},
        car_slower_percent=100 * (car["lap_time_s"] / usual["lap_time_s"] - 1),
        last_lap_slower_percent=100 * (last / usual["lap_time_s"] - 1),
    )


def usual_of(laps: "pd.DataFrame", driver_id: str, layout_id: str, car_id: str) -> "pd.Series[float]":
    """What is usual of a driver on a layout in a car after all their laps there.

    Args:
        laps: From `read_laps`.
        driver_id: The driver.
        layout_id: Where.
        car_id: In what.

    Raises:
        PredictionError: there is no lap.
    """
    own = laps[(laps["driver_id"] == driver_id) & (laps["layout_id"] == layout_id) & (laps["car_id"] == car_id)]
    if not len(own):
        raise PredictionError(f"There is no lap at pace of {driver_id} on {layout_id} in {car_id}.")
    # of lines that logs found by themselves, which are layouts of their own, the one with most laps
    own = own[own["layout_key"] == own["layout_key"].value_counts().sort_index(kind="stable").idxmax()]
    usual = own[list(CONDITIONS)].mean()
    usual["usual_lap_s"], usual["usual_laps"] = own["lap_time_s"].median(), float(len(own))
    return usual


def _so_far(rows: "pd.DataFrame", by: list[str]) -> "pd.DataFrame":
    """For each row the number of laps that were over when it began, their median time and mean conditions."""
    import pandas as pd

    over = rows.sort_values(["ended_s", "session_id", "lap_number"], kind="stable")
    groups = over.groupby(by, sort=False)
    found = over[[*by, "ended_s"]].assign(
        laps=groups.cumcount() + 1.0,
        lap_time_s=_expanding(groups, "lap_time_s", "median"),
        **{name: _expanding(groups, name, "mean") for name in CONDITIONS},
    )
    asked = rows[[*by, "began_s"]].assign(at=np.arange(len(rows))).sort_values("began_s", kind="stable")
    joined = pd.merge_asof(asked, found, left_on="began_s", right_on="ended_s", by=by)
    return joined.set_index("at").sort_index()[["laps", "lap_time_s", *CONDITIONS]]


def _expanding(groups: Any, name: str, what: str) -> "pd.Series[float]":
    found: pd.Series[float] = getattr(groups[name].expanding(), what)()
    return found.droplevel(list(range(found.index.nlevels - 1)))


def _split(rows: "pd.DataFrame") -> "pd.Series[str]":
    """The span of each row, by the start of its session, those of equal start together, as ml_training_data has it."""
    shares = project_vars()["split_shares"]
    starts = rows.groupby("session_id")["feature_cutoff_at"].min()
    before = (starts.rank(method="min") - 1) / max(len(starts), 1)
    names = np.select(
        [before < shares["train"], before < shares["train"] + shares["validation"]], ["train", "validation"], "test"
    )
    return rows["session_id"].map(dict(zip(starts.index, names.tolist(), strict=True)))
