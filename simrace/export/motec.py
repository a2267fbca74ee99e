"""One lap as the CSV that MoTeC i2 exports: preamble, names, units, quoted rows.

Its comment names the session: landed again, the file is of the session it came from, which knows all of it already.
Where that session is not, it is the session.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from simrace.export.tables import Exported, ExportError, csv_text, describe, replacing, session_key
from simrace.quoted_csv import clock_12h, quoted_line

DEVICE = "simrace"

# MoTeC's name and unit (seeds/telemetry_channels.csv maps each back), the column of the sample, decimals.
CHANNELS = (
    ("Vehicle Speed", "km/h", "speed_kph", 2),
    ("GPS_Speed", "km/h", "gps_speed_kph", 2),
    ("Throttle Pos", "%", "throttle_ratio * 100", 2),
    ("Throttle Pedal", "%", "throttle_pedal_ratio * 100", 2),
    ("Brake Pos", "%", "brake_ratio * 100", 2),
    ("Clutch Pos", "%", "clutch_pedal_ratio * 100", 2),
    ("Gear", "", "gear", 0),
    ("Engine RPM", "rpm", "rpm", 0),
    ("Steered Angle", "deg", "steering_deg", 2),
    ("G Force Lat", "G", "lat_g", 3),
    ("G Force Long", "G", "long_g", 3),
    ("G Force Vert", "G", "vert_g", 3),
    ("Wheel Speed FL", "km/h", "wheel_speed_fl_kph", 2),
    ("Wheel Speed FR", "km/h", "wheel_speed_fr_kph", 2),
    ("Wheel Speed RL", "km/h", "wheel_speed_rl_kph", 2),
    ("Wheel Speed RR", "km/h", "wheel_speed_rr_kph", 2),
    ("Fuel Level", "l", "fuel_l", 3),
    ("GPS_Latitude", "deg", "lat_deg", 7),
    ("GPS_Longitude", "deg", "lon_deg", 7),
    ("GPS Altitude", "m", "altitude_m", 1),
)


@dataclass(frozen=True)
class _Lap:
    """A lap with its driver, car and track; start and end in seconds of the session."""

    session_id: str
    session_started_at: datetime
    start_s: float
    end_s: float
    rate_hz: float
    is_retired: bool
    driver: str
    car: str
    track: str
    session_type: str


def export_lap(connection: Connection, session_id: str, lap_number: int, path: Path) -> Exported:
    """Write the samples of one lap, without the channels that have no value; distances are those of its trace.

    Args:
        connection: Database that holds the marts.
        session_id: Of marts.fct_laps.
        lap_number: Of marts.fct_laps.
        path: File to replace.

    Raises:
        ExportError: there is no such lap, its samples are kept no longer, or the file cannot be written.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("set transaction read only; set local timezone = 'UTC'")
        lap = _read_lap(cursor, session_id, lap_number)
        times, columns = _read_samples(cursor, session_id, lap)
        distances = _read_distances(cursor, session_id, lap_number, times)
    columns = [("Time", "s", [f"{time:.3f}" for time in times]), *distances, *columns]
    end_m = distances[0][2][-1] if distances else "0"
    preamble = [
        # cells between the two blocks have no quotes
        ",".join("" if place in (2, 3) and not cell else f'"{cell}"' for place, cell in enumerate(row))
        for row in _preamble(lap, lap_number, end_m)
    ]
    names, units, values = zip(*columns, strict=True)
    lines = [*preamble, "", "", quoted_line(names), quoted_line(units), "", ""]
    with replacing(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{line}\r\n" for line in lines)
        file.writelines(f"{quoted_line(row)}\r\n" for row in zip(*values, strict=True))
    return describe(path, len(times))


def _read_lap(cursor: Cursor, session_id: str, lap_number: int) -> _Lap:
    key = session_key(session_id, "fct_laps")
    # a cell in quotes may hold neither quotes nor the end of a line
    names = [
        csv_text(sql.SQL(r"coalesce(translate({}, E'\"\r\n\t', ''''), '')").format(sql.SQL(name)))
        for name in ("driver_name", "car_name", "coalesce(track_name, dim_sessions.layout_id)", "session_type")
    ]
    cursor.execute(
        sql.SQL(
            "select fct_laps.session_started_at, started_elapsed_s, started_elapsed_s "
            "+ coalesce(cast(measured_lap_time_s as double precision), ended_elapsed_s - started_elapsed_s + 0.001), "
            "cast(sample_rate_hz as double precision), is_retired, {} from marts.fct_laps "
            "join marts.dim_sessions using (session_id) left join marts.dim_drivers using (driver_id) "
            "left join marts.dim_cars using (car_id) "
            "left join marts.dim_track_layouts on dim_track_layouts.layout_id = dim_sessions.layout_id "
            "where session_id = %s and lap_number = %s"
        ).format(sql.SQL(", ").join(names)),
        (key, lap_number),
    )
    if (row := cursor.fetchone()) is None:
        raise ExportError(f"There is no lap {lap_number} of session {session_id} in marts.fct_laps.")
    lap = _Lap(key, *row)
    if lap.is_retired:
        raise ExportError(f"The samples of session {session_id} are kept no longer (var retention).")
    return lap


def _read_samples(cursor: Cursor, session_id: str, lap: _Lap) -> tuple[list[float], list[tuple[str, str, list[str]]]]:
    """Seconds since the start of the lap, and by channel its name, unit and values; null is an empty cell."""
    # cast to double precision first: a real becomes a numeric of six digits, which would be rounded twice
    selected = ", ".join(
        f"cast(round(cast(cast({value} as double precision) as numeric), {places}) as text)"
        for _, _, value, places in CHANNELS
    )
    cursor.execute(
        f"select elapsed_s - %(start_s)s, {selected} from marts.fct_telemetry_samples "
        "where session_started_at = %(at)s and session_id = %(id)s "
        # a sample on the line belongs to the next lap
        "and elapsed_s >= %(start_s)s and elapsed_s < %(end_s)s - 0.0005 order by elapsed_s",
        {"id": session_id, "at": lap.session_started_at, "start_s": lap.start_s, "end_s": lap.end_s},
    )
    rows = cursor.fetchall()
    if not rows:
        raise ExportError(
            f"The lap of session {session_id} has no samples here. Where a lake keeps them, "
            f"`simrace fetch-session {session_id}` brings them."
        )
    times, *columns = zip(*rows, strict=True)
    filled = [
        (name, unit, [value or "" for value in column])
        for (name, unit, _, _), column in zip(CHANNELS, columns, strict=True)
        if any(value is not None for value in column)
    ]
    return list(times), filled


def _read_distances(
    cursor: Cursor, session_id: str, lap_number: int, times: list[float]
) -> list[tuple[str, str, list[str]]]:
    """The column of distances, in metres since the start of the lap; none if the lap has no trace."""
    cursor.execute(
        "select lap_elapsed_s, distance_m from marts.fct_lap_traces "
        "where session_id = %s and lap_number = %s and lap_elapsed_s is not null order by lap_elapsed_s",
        (session_id, lap_number),
    )
    if not (trace := cursor.fetchall()):
        return []
    trace_times, places = (list(column) for column in zip(*trace, strict=True))
    return [("Distance", "m", [f"{place:.1f}" for place in np.interp(times, trace_times, places)])]


def _preamble(lap: _Lap, lap_number: int, end_m: str) -> list[list[str]]:
    """The twelve rows above the names; they repeat key and value in a second block of columns."""
    started_at = lap.session_started_at.astimezone(UTC)
    return [
        ["Format", "MoTeC CSV File", "", "", "Workbook", ""],
        ["Venue", lap.track, "", "", "Worksheet", ""],
        ["Vehicle", lap.car, "", "", "Vehicle Desc", ""],
        ["Driver", lap.driver, "", "", "Engine ID", ""],
        ["Device", DEVICE],
        ["Comment", f"simrace session {lap.session_id}", "", "", "Session", lap.session_type],
        ["Log Date", f"{started_at:%Y-%m-%d}", "", "", "Origin Time", "0.000", "s"],
        ["Log Time", clock_12h(started_at), "", "", "Start Time", f"{lap.start_s:.3f}", "s"],
        ["Sample Rate", f"{lap.rate_hz:.3f}", "Hz", "", "End Time", f"{lap.end_s:.3f}", "s"],
        ["Duration", f"{lap.end_s - lap.start_s:.3f}", "s", "", "Start Distance", "0", "m"],
        ["Range", f"Lap {lap_number}", "", "", "End Distance", end_m, "m"],
        ["Beacon Markers", " "],
    ]
