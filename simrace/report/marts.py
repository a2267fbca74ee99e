"""What the report reads: marts alone, as the reader, never to write."""

import re
from datetime import UTC
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.report.answers import ReportError, rows
from simrace.report.figures import Comparison, Corner, Driven, Lap, Passage, Place, Reference, Session, Stint

LAST = "last"
SHOWN = 5  # sessions that an error names
SESSIONS_BEFORE = 9  # that progress is measured by

_SESSIONS = """
select
    sessions.session_id::text,
    sessions.session_started_at,
    drivers.driver_name,
    cars.car_name,
    concat_ws(', ', layouts.track_name, nullif(layouts.config_name, '')),
    sessions.sim,
    consistency.theoretical_best_s
from marts.dim_sessions as sessions
left join marts.session_consistency as consistency on sessions.session_id = consistency.session_id
left join marts.dim_drivers as drivers on sessions.driver_id = drivers.driver_id
left join marts.dim_cars as cars on sessions.car_id = cars.car_id
left join marts.dim_track_layouts as layouts on sessions.layout_id = layouts.layout_id
where sessions.session_id::text like %s
order by sessions.session_started_at desc, sessions.session_id
limit %s
"""

_LAPS = """
select lap_number, lap_time_s, lap_class, pace_ineligible_reason, trace_ineligible_reason
from marts.fct_laps
where session_id = %s
order by lap_number
"""

# The driver's own best is the nearest goal; the best of the class is compared with the next fastest of its session.
_REFERENCE = """
with candidates as (
    select
        reference_kind,
        reference_session_id,
        reference_lap_number,
        reference_lap_time_s,
        delta_s,
        array_position(array['personal_best', 'class_best', 'session_best'], reference_kind) as rank
    from marts.lap_references
    where session_id = %(session)s and lap_number = %(lap)s
    union all
    select 'asked', others.session_id, others.lap_number, others.lap_time_s, laps.lap_time_s - others.lap_time_s, 4
    from marts.fct_laps as laps
    inner join marts.fct_laps as others on laps.session_id = others.session_id
    where
        laps.session_id = %(session)s
        and laps.lap_number = %(lap)s
        and others.is_pace_eligible
        and others.is_trace_eligible
)

select
    candidates.reference_kind,
    candidates.reference_session_id::text,
    candidates.reference_lap_number,
    candidates.reference_lap_time_s,
    candidates.delta_s,
    drivers.driver_name,
    cars.car_name,
    sessions.session_started_at
from candidates
inner join marts.dim_sessions as sessions on candidates.reference_session_id = sessions.session_id
left join marts.dim_drivers as drivers on sessions.driver_id = drivers.driver_id
left join marts.dim_cars as cars on sessions.car_id = cars.car_id
where (candidates.reference_session_id, candidates.reference_lap_number) <> (%(session)s, %(lap)s)
order by candidates.rank, candidates.reference_lap_time_s, candidates.reference_lap_number
limit 1
"""

_CORNERS = """
select
    laps.corner_number,
    corners.corner_name,
    corners.apex_m,
    laps.time_s - others.time_s,
    array[laps.brake_point_m, laps.turn_in_m, laps.throttle_on_m, laps.min_speed_kph, laps.exit_speed_kph, laps.gear],
    array[
        others.brake_point_m, others.turn_in_m, others.throttle_on_m, others.min_speed_kph, others.exit_speed_kph,
        others.gear
    ],
    (
        select coalesce(bool_and(driving.has_brake), false)
        from marts.lap_driving_metrics as driving
        where
            (driving.session_id, driving.lap_number)
            in ((laps.session_id, laps.lap_number), (others.session_id, others.lap_number))
    )
from marts.fct_lap_corners as laps
inner join marts.fct_lap_corners as others
    on laps.layout_key = others.layout_key and laps.corner_number = others.corner_number
inner join marts.dim_track_corners as corners
    on laps.layout_key = corners.layout_key and laps.corner_number = corners.corner_number
where
    (laps.session_id, laps.lap_number) = (%(session)s, %(lap)s)
    and (others.session_id, others.lap_number) = (%(other_session)s, %(other_lap)s)
order by laps.corner_number
"""

_PLACES = """
select
    deltas.distance_m,
    deltas.delta_s,
    deltas.speed_kph,
    deltas.reference_speed_kph,
    traces.x_m,
    traces.y_m,
    minisectors.minisector
from marts.lap_deltas as deltas
inner join marts.fct_lap_traces as traces
    on
        deltas.session_id = traces.session_id
        and deltas.lap_number = traces.lap_number
        and deltas.grid_point = traces.grid_point
inner join marts.lap_minisectors as minisectors
    on
        deltas.session_id = minisectors.session_id
        and deltas.lap_number = minisectors.lap_number
        and deltas.distance_m >= minisectors.start_m
        and deltas.distance_m < minisectors.end_m
where
    (deltas.session_id, deltas.lap_number) = (%(session)s, %(lap)s)
    and deltas.reference_kind = %(kind)s
    and (deltas.reference_session_id, deltas.reference_lap_number) = (%(other_session)s, %(other_lap)s)
order by deltas.grid_point
"""

_MINISECTORS = """
select minisector, delta_s
from marts.lap_comparisons
where
    (session_id, lap_number) = (%(session)s, %(lap)s)
    and reference_kind = %(kind)s
    and (reference_session_id, reference_lap_number) = (%(other_session)s, %(other_lap)s)
"""

_STINTS = """
select
    stint_number,
    first_lap_number,
    last_lap_number,
    pace_laps,
    best_lap_time_s,
    median_lap_time_s,
    lap_time_slope_s,
    lap_time_slope_r2,
    fuel_per_lap_l
from marts.fct_stints
where session_id = %s
order by stint_number
"""

_DRIVEN = """
select
    sessions.session_started_at,
    consistency.best_lap_time_s,
    consistency.median_lap_time_s,
    consistency.theoretical_best_s
from marts.dim_sessions as own
inner join marts.dim_sessions as sessions
    on
        own.driver_id = sessions.driver_id
        and own.car_id = sessions.car_id
        and own.layout_id = sessions.layout_id
        and (own.session_started_at, own.session_id) >= (sessions.session_started_at, sessions.session_id)
inner join marts.session_consistency as consistency on sessions.session_id = consistency.session_id
where own.session_id = %s and consistency.best_lap_time_s is not null
order by own.session_id = sessions.session_id desc, sessions.session_started_at desc, sessions.session_id desc
limit %s
"""


def find_session(connection: Connection, named: str) -> Session:
    """The session that somebody means.

    Args:
        connection: To a warehouse that has been built.
        named: session_id, the beginning of one, or `last`: the one that was driven last.

    Raises:
        ReportError: there is none, or more than one.
    """
    if named == LAST:
        found = _sessions(connection, "", 1)
    elif re.fullmatch(r"[0-9a-fA-F-]+", named):
        found = _sessions(connection, named.lower(), SHOWN + 1)
    else:
        found = []
    if len(found) == 1:
        return found[0]
    if found:
        raise ReportError(f"{named!r} begins more than one session. Write more of it:\n{_list(found[:SHOWN])}")
    newest = _sessions(connection, "", SHOWN)
    if not newest:
        raise ReportError("The warehouse holds no telemetry session yet: `simrace run PATH` lands files.")
    raise ReportError(
        f"There is no session {named!r}. Write a session_id of marts.dim_sessions, its beginning, or `{LAST}`. "
        f"The newest:\n{_list(newest)}"
    )


def read_laps(connection: Connection, session: Session) -> list[Lap]:
    """The session's laps in their order."""
    return [Lap(*row) for row in rows(connection, _LAPS, (session.session_id,))]


def read_stints(connection: Connection, session: Session) -> list[Stint]:
    """The session's stints in their order."""
    return [Stint(*row) for row in rows(connection, _STINTS, (session.session_id,))]


def read_driven(connection: Connection, session: Session, laps: list[Lap]) -> list[Driven]:
    """The session and the driver's earlier ones with this car here, the newest first; none where it has no pace."""
    if not any(lap.pace_problem is None and lap.time_s is not None for lap in laps):
        return []
    found = rows(connection, _DRIVEN, (session.session_id, SESSIONS_BEFORE + 1))
    return [Driven(started_at.astimezone(UTC), *others) for started_at, *others in found]


def choose_lap(laps: list[Lap], number: int | None) -> Lap | None:
    """The lap to compare: the one asked for, else the fastest that counts for pace and has a trace, if there is one.

    Args:
        laps: Of the session.
        number: The lap asked for.

    Raises:
        ReportError: the session has no such lap.
    """
    if number is not None:
        for lap in laps:
            if lap.number == number:
                return lap
        known = ", ".join(str(lap.number) for lap in laps) or "none"
        raise ReportError(f"The session has no lap {number}. Its laps: {known}.")
    timed = [lap for lap in laps if lap.time_s is not None and lap.pace_problem is None and lap.trace_problem is None]
    return min(timed, key=lambda lap: (lap.time_s, lap.number), default=None)


def compare(connection: Connection, session: Session, lap: Lap) -> Comparison | None:
    """The lap beside its reference; None when there is no other lap to compare it with.

    Args:
        connection: To a warehouse that has been built.
        session: The session of the lap.
        lap: A lap with a trace.
    """
    names: dict[str, Any] = {"session": session.session_id, "lap": lap.number}
    found = rows(connection, _REFERENCE, names)
    if not found:
        return None
    reference = Reference(*found[0])
    names |= {"kind": reference.kind, "other_session": reference.session_id, "other_lap": reference.lap_number}
    corners = [
        Corner(number, name, apex_m, lost_s, _passage(mine), _passage(other), has_brake)
        for number, name, apex_m, lost_s, mine, other, has_brake in rows(connection, _CORNERS, names)
    ]
    places = [Place(*row) for row in rows(connection, _PLACES, names)]
    return Comparison(lap, reference, corners, places, dict(rows(connection, _MINISECTORS, names)))


def _passage(values: list[Any]) -> Passage:
    brake, turn_in, throttle, lowest, leaving, gear = (None if value is None else float(value) for value in values)
    return Passage(brake, turn_in, throttle, lowest, leaving, None if gear is None else int(gear))


def _sessions(connection: Connection, beginning: str, limit: int) -> list[Session]:
    found = rows(connection, _SESSIONS, (f"{beginning}%", limit))
    return [
        Session(session_id, started_at.astimezone(UTC), driver, car, track or None, sim, best)
        for session_id, started_at, driver, car, track, sim, best in found
    ]


def _list(sessions: list[Session]) -> str:
    return "\n".join(
        f"  {each.session_id}  {each.started_at:%Y-%m-%d %H:%M}  {each.track or 'track not named'}" for each in sessions
    )
