"""iRacing's own logs (.ibt): a header, variable headers, the session text, and one packed record a tick."""

import struct
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simrace.generator.iracing_session_text import RACE_NUMBER, entry_of, session_text
from simrace.generator.iracing_variables import RATE_HZ, SESSION_OFFSET_S, Variable, iracing_variables
from simrace.generator.race import Race
from simrace.generator.session import Session
from simrace.generator.track import Corner, Floats
from simrace.generator.writing import set_modified

HEADER = struct.Struct("<10i8x2i56xq2d2i")
VARIABLE_HEADER = struct.Struct("<3i?3x32s64s32s")
VERSION, CONNECTED = 2, 1
TYPES = {"bool": (1, "?"), "int": (2, "<i4"), "bits": (3, "<u4"), "float": (4, "<f4"), "double": (5, "<f8")}
ENCODING = "cp1252"
REPORTED_LATE = (31, 113)  # ticks after the line at which the sim shows the time of a lap
NO_TIME = -1
EARLY_M = 0.5  # a tick this near before the line can be told as the new lap, at a distance below zero
NOWHERE = -1  # irsdk_TrkLoc of a car that is not in the world
# What reads zero in the tick in which the car is put on the track; clock, session and weather go on.
ABSENT = ("Lap", "LapCompleted", "LapDist", "LapDistPct", "Speed", "Throttle", "Clutch", "Gear", "Yaw", "Lat", "Lon",
          "Alt", "OnPitRoad", "EnterExitReset", "LFspeed", "RFspeed", "LRspeed", "RRspeed")  # fmt: skip


@dataclass(frozen=True)
class Recording:
    """How a drive was recorded.

    Attributes:
        first_lap: Number of the out lap.
        missing_ticks: Ticks that the recorder lost.
        reset_lap: Lap, counted from the out lap as 0, in whose middle the driver goes back to the pits and
            starts the outing again; None drives through.
        next_session: Whether that is the change to the event's next session, which counts laps and time anew.
        incidents: Incident points that the driver collects on the out lap, in the corner half-way round it.
        variables: Number of variables, made up by auxiliary ones; None has those of the drive alone.
        team: Team name, written as it is.
        number: Of the event's sessions, the one that is driven in: 0 is practice, 1 qualifying.
    """

    first_lap: int = 1
    missing_ticks: int = 2
    reset_lap: int | None = None
    next_session: bool = False
    incidents: int = 0
    variables: int | None = None
    team: str = ""
    number: int = RACE_NUMBER


def write_ibt(
    directory: Path,
    session: Session,
    started_at: datetime,
    *,
    race: Race | None = None,
    recording: Recording = Recording(),
) -> list[Path]:
    """Write a session at 60 Hz, as a test or as part of a race.

    Args:
        directory: Folder to write to.
        session: What was driven; its driver is in the race.
        started_at: Start of the recording.
        race: The race it was driven in.
        recording: How it was recorded.
    """
    rng = np.random.default_rng([*session.seed, 113])
    variables = _recorded(session, recording, rng)
    if race:
        own, result = entry_of(session.driver.name, race)
        numbers = variables["SessionNum"].values
        facts = {"SessionNum": numbers - numbers[-1] + recording.number, "PlayerCarIdx": own,
                 "PlayerCarClass": result.entry.car.class_id, "PlayerCarPosition": result.position}  # fmt: skip
        for name, value in facts.items():
            variables[name].values[:] = value
    records = _records(list(variables.values()))
    lost = rng.choice(np.arange(RATE_HZ, len(records)), recording.missing_ticks, replace=False)
    records = np.delete(records, lost)
    path = directory / f"{session.car.slug}_{session.layout.slug} {started_at:%Y-%m-%d %H-%M-%S}.ibt"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(_head(list(variables.values()), records, session_text(session, race, recording.team), started_at))
        records.tofile(file)
    set_modified(path, started_at)
    return [path]


def incident_corner(session: Session) -> Corner:
    """Where a recording with incidents has them."""
    corners = session.layout.corners
    return corners[len(corners) // 2]


def _recorded(session: Session, recording: Recording, rng: np.random.Generator) -> dict[str, Variable]:
    """Variables over all ticks, with the sim's habits: the outing once, or twice where the driver resets."""
    outing = np.arange(float(int(session.duration_s * RATE_HZ)))
    first_lap, parts = recording.first_lap, []
    if recording.reset_lap is not None:
        start, end = session.lap_bounds_s[recording.reset_lap : recording.reset_lap + 2]
        driven = outing[: int((start + end) / 2 * RATE_HZ)]
        parts.append(_outing(session, driven, driven, first_lap, rng))
    before = float(sum(len(part[0].values) for part in parts))
    if recording.next_session:
        parts.append(_outing(session, outing, outing - SESSION_OFFSET_S * RATE_HZ, first_lap, rng))
        next(variable for variable in parts[-1] if variable.name == "SessionNum").values[:] += 1
    else:
        parts.append(_outing(session, outing, before + outing, first_lap + (recording.reset_lap or 0), rng))
    outing_of = {variable.name: variable.values for variable in parts[-1]}
    struck = np.argmax(outing_of["LapDist"] >= incident_corner(session).apex_m)
    outing_of["PlayerCarMyIncidentCount"][struck:] += recording.incidents
    joined = [replace(same[0], values=np.concatenate([v.values for v in same])) for same in zip(*parts, strict=True)]
    if recording.variables:
        joined += _auxiliary(recording.variables - len(joined), before + len(outing), rng)
    return {variable.name: variable for variable in joined}


def _outing(
    session: Session, driven: Floats, ticks: Floats, first_lap: int, rng: np.random.Generator
) -> list[Variable]:
    """Variables from the tick in which the car is put into its pit box."""
    variables = [
        replace(variable, values=variable.values.astype(TYPES[variable.kind][1]))
        for variable in iracing_variables(session, driven / RATE_HZ, ticks)
    ]
    values = {variable.name: variable.values for variable in variables}
    length = session.layout.length_m
    early = values["LapDist"] > length - EARLY_M
    values["LapDist"][early] -= length
    values["LapDistPct"][:] = values["LapDist"] / length
    for name in ("Lap", "LapCompleted"):
        values[name][:] += early + first_lap - 1
    for line in np.flatnonzero(np.diff(values["Lap"])) + 1:
        values["LapLastLapTime"][line : line + rng.integers(*REPORTED_LATE)] = NO_TIME
    for name in ABSENT:
        values[name][0] = 0
    values["PlayerTrackSurface"][0] = NOWHERE
    return variables


def _auxiliary(count: int, ticks: float, rng: np.random.Generator) -> list[Variable]:
    """Variables that bring a log to its usual width: settings, slow sensors and noisy ones."""
    clock = np.arange(ticks) / RATE_HZ
    made = []
    for number in range(1, count + 1):
        wave = np.sin(clock / (0.7 + number)) * number
        values = (np.full_like(clock, number), np.round(wave), wave, wave + rng.normal(0, 0.3, len(clock)))[number % 4]
        made.append(Variable(f"Aux{number}", "float", "V", f"Auxiliary sensor {number}", values))
    return made


def _records(variables: list[Variable]) -> NDArray[np.void]:
    fields = [(variable.name, TYPES[variable.kind][1], variable.values.shape[1:]) for variable in variables]
    records = np.zeros(len(variables[0].values), np.dtype(fields))
    for variable in variables:
        records[variable.name] = variable.values
    return records


def _head(variables: list[Variable], records: NDArray[np.void], text: str, started_at: datetime) -> bytes:
    """Everything above the records."""
    offsets = np.cumsum([0, *(records.dtype[variable.name].itemsize for variable in variables)])
    headers = b"".join(
        VARIABLE_HEADER.pack(
            TYPES[variable.kind][0],
            offset,
            variable.values[0].size,
            variable.values.ndim > 1,
            variable.name.encode(),
            variable.description.encode(),
            variable.unit.encode(),
        )
        for variable, offset in zip(variables, offsets[:-1].tolist(), strict=True)
    )
    said = text.encode(ENCODING, errors="replace")
    text_offset = HEADER.size + len(headers)
    header = HEADER.pack(
        VERSION,
        CONNECTED,
        RATE_HZ,
        0,
        len(said),
        text_offset,
        len(variables),
        HEADER.size,
        1,
        records.dtype.itemsize,
        len(records),
        text_offset + len(said),
        int(started_at.timestamp()),
        records["SessionTime"][0],
        records["SessionTime"][-1],
        int(records["Lap"].max() - records["Lap"][1]) + 1,
        len(records),
    )
    return header + headers + said
