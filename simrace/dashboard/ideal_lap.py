"""An ideal lap: the fastest pace lap of a session through each mini-sector, put together."""

import numpy as np
import pandas as pd

from simrace.dashboard import data
from simrace.dashboard.laps import Lap
from simrace.dashboard.words import lap_time


def ideal_lap(index: int, session_id: str, of: str, reference: Lap) -> Lap | None:
    """The ideal lap of a session beside a reference; None where no lap of it counts for pace and has a trace.

    Args:
        index: Its place among the laps shown.
        session_id: The session.
        of: Letter of the lap whose session it is.
        reference: The lap that it is compared with.
    """
    pieces = data.query("lap_comparison/ideal", session_id=session_id)
    if pieces.empty:
        return None
    sectors = pieces.drop_duplicates("minisector")[["minisector", "start_m", "end_m", "time_s"]]
    trace = join_pieces(pieces, sectors)
    deltas = trace[["distance_m", "lap_elapsed_s", "speed_kph"]].merge(
        reference.trace[["distance_m", "lap_elapsed_s", "speed_kph"]], on="distance_m", suffixes=("", "_of_reference")
    )
    deltas = deltas.assign(
        delta_s=deltas.lap_elapsed_s - deltas.lap_elapsed_s_of_reference,
        speed_delta_kph=deltas.speed_kph - deltas.speed_kph_of_reference,
    )
    both = sectors.merge(_sector_times(reference), on="minisector", how="inner")
    total = float(sectors.time_s.sum())
    return Lap(
        index,
        f"{lap_time(total)}, ideal: the best mini-sectors of the session of {of}",
        trace,
        deltas[["distance_m", "delta_s", "speed_delta_kph"]],
        both.assign(delta_s=both.time_s - both.reference_s)[["minisector", "start_m", "end_m", "delta_s"]],
        pd.DataFrame(),
    )


def join_pieces(pieces: pd.DataFrame, sectors: pd.DataFrame) -> pd.DataFrame:
    """The pieces as one lap, whose time runs on from mini-sector to mini-sector.

    Args:
        pieces: Points of each mini-sector, and one before and after it, in the time of the lap that it is of.
        sectors: Each mini-sector and its time.
    """
    before = dict(zip(sectors.minisector, sectors.time_s.cumsum().shift(fill_value=0.0), strict=True))
    parts = []
    for minisector, piece in pieces.groupby("minisector", sort=True):
        start_m, end_m = piece.start_m.iloc[0], piece.end_m.iloc[0]
        start_s = np.interp(start_m, piece.distance_m, piece.lap_elapsed_s)
        inside = piece[piece.distance_m.between(start_m, end_m)]
        parts.append(inside.assign(lap_elapsed_s=before[minisector] + inside.lap_elapsed_s - start_s))
    return pd.concat(parts).drop_duplicates("distance_m").reset_index(drop=True)


def _sector_times(lap: Lap) -> pd.DataFrame:
    own = data.query("lap_comparison/sector_times", session_id=lap.session_id, lap_number=lap.lap_number)
    return own.rename(columns={"time_s": "reference_s"})
