"""Result files of Le Mans Ultimate, one a session, with the usual traps."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from simrace.generator.drivers import Racer
from simrace.generator.evening import ABSENT, DISQUALIFIED, FINISHED, RETIRED, Drive, Evening, SessionOfEvening
from simrace.generator.track import Layout
from simrace.generator.writing import set_modified

RACE_LAPS = 8
QUALIFYING_LAPS = 3
NO_LIMIT = 2_147_483_647
NO_TIME = "--.----"
START_S = 41.2345  # of the first car after the session began
OUT_LAP = 1.3  # of another lap's time
SECTOR_SHARES = (0.28, 0.31)
LEFT_OUT = 0.2  # share of laps whose time does not count, because the car left the track
CLASSES = (("Hyper", "Gryphon LMH", 47.0), ("GT3", "Harrier LMGT3", 40.0))
TEAM = "Harrow & Pike Rénault"  # neither the ampersand nor the accent is written as XML wants it
ADDED_S = 40  # to the time of a car that finished before it had served
UTC_OFFSET = timedelta(hours=1)  # of the computer's clock

_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE rF [
<!ENTITY rFEnt "rFactor Entity">
]>
<rFactorXML version="1.0">
<RaceResults>
<Setting>Multiplayer</Setting>
"""
SERVER = "Sunday Endurance"
KINDS = {"practice": ("Practice1", "P"), "qualifying": ("Qualify", "Q"), "race": ("Race", "R")}
STATUSES = {FINISHED: "Finished Normally", RETIRED: "DNF", ABSENT: "None", DISQUALIFIED: "DQ"}
SEASON_CLASS = "LMGT3"


def write_lmu_event(
    directory: Path, rng: np.random.Generator, racers: list[Racer], layout: Layout, ended_at: datetime, left: Racer
) -> list[Path]:
    """Write the two files of an evening. Of the last three one is on his way at the end, one retires, one never drives.

    Args:
        directory: Folder to write to.
        rng: Source of luck.
        racers: Who drives; the second shares the car of the first, and has none of his own.
        layout: Where.
        ended_at: End of the race.
        left: Who left before the end: the stream names him, and there is no result of his.

    Returns:
        Paths written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    event_at = ended_at - timedelta(hours=1)
    cars = [racers[0], *racers[2:]]
    swaps = (
        f'<Swap startLap="1" endLap="{RACE_LAPS // 2}">{cars[0].name}</Swap>'
        f'<Swap startLap="{RACE_LAPS // 2 + 1}" endLap="{RACE_LAPS}">{racers[1].name}</Swap>\n'
    )
    qualifying, _ = _cars(rng, cars, layout, QUALIFYING_LAPS, is_race=False)
    race, clocks = _cars(rng, cars, layout, RACE_LAPS, is_race=True)
    race[0] = race[0].replace("</Driver>\n", f"{swaps}</Driver>\n")
    return [
        _write(directory, SERVER, layout, kind, (event_at, started_at, ended_at), stream, drivers)
        for kind, drivers, stream, started_at in (
            ("qualifying", qualifying, _stream(cars, left, ""), event_at + timedelta(minutes=5)),
            ("race", race, _stream(cars, left, _penalties(cars, left, clocks)), event_at + timedelta(minutes=30)),
        )
    ]


def write_lmu_evening(directory: Path, evening: Evening) -> list[Path]:
    """Write the files of an evening of a season, one a session.

    Args:
        directory: Folder to write to.
        evening: What happened.

    Returns:
        Paths written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    event_at = evening.sessions[0].started_at - timedelta(minutes=5)
    return [
        _write(
            directory,
            evening.name,
            evening.layout,
            session.kind,
            (event_at, session.started_at, session.ended_at),
            _stream_of(session),
            _elements(session),
        )
        for session in evening.sessions
    ]


def _write(
    directory: Path,
    server: str,
    layout: Layout,
    kind: str,
    times: tuple[datetime, datetime, datetime],
    stream: str,
    drivers: list[str],
) -> Path:
    """Write a session's file. Times are those of the event, and of the session's start and end."""
    event_at, started_at, ended_at = times
    element, letter = KINDS[kind]
    text = (
        f"{_HEAD}<ServerName>{server}</ServerName>\n"
        + _dated(event_at)
        + f"<TrackVenue>{layout.track}</TrackVenue>\n<TrackCourse>{layout.config}</TrackCourse>\n"
        + f"<TrackLength>{layout.length_m:.1f}</TrackLength>\n<GameVersion>1.2000</GameVersion>\n"
        + '<ConnectionType upload="100000" download="360000">Custom</ConnectionType>\n'
        + f"<{element}>\n{_dated(started_at)}<Laps>{NO_LIMIT}</Laps>\n<Minutes>20</Minutes>\n"
        + f"<Stream>\n{stream}</Stream>\n"
        + "".join(drivers)
        + f"</{element}>\n</RaceResults>\n</rFactorXML>\n"
    )
    path = directory / f"{started_at + UTC_OFFSET:%Y_%m_%d_%H_%M_%S}-97{letter}1.xml"
    path.write_bytes(text.encode("latin-1"))
    set_modified(path, ended_at)
    return path


def _dated(at: datetime) -> str:
    told = f"{at + UTC_OFFSET:%Y/%m/%d %H:%M:%S}"
    return f"<DateTime>{int(at.timestamp())}</DateTime>\n<TimeString>{told}</TimeString>\n"


def _stream(cars: list[Racer], left: Racer, penalties: str) -> str:
    first, second = (_name(racer) for racer in cars[:2])
    return (
        f'<ChatMessage et="12.5">{first}: good luck</ChatMessage>\n'
        f'<Incident et="31.8">{_name(left)}(7) reported contact (88.10) with Immovable</Incident>\n'
        f'<Incident et="58.4">{first}(0) reported contact (320.50) with another vehicle {second}(1)</Incident>\n'
        f'<TrackLimits Driver="{second}" ID="1" Lap="2" WarningPoints="1" CurrentPoints="1" Resolution="6" et="151.0">'
        "Lap Invalidated</TrackLimits>\n"
        f"{penalties}"
    )


def _late(cars: list[Racer]) -> int:
    """The last on the winner's lap: what is added to his time costs him no place."""
    return len(cars) // 2 - 1


def _penalties(cars: list[Racer], left: Racer, clocks: list[list[float]]) -> str:
    """Of the race: a drive-through, told twice and served, and a stop that was not served before the end.

    One who left was given one as well, and a sentence that nobody knows names two drivers.

    Track limits count laps from 0. The books of the second are closed by a sentence that it was served, too.
    """
    late = _late(cars)
    driver, other = _name(cars[1]), _name(cars[late])
    lap_began, end = clocks[1], clocks[late][-1]
    looked_at = (
        (lap_began[0] + 15, 0, "0", "7", "No Further Action"),
        (lap_began[1] + 22, 1, "0.75", "4", "Warning"),
        (lap_began[3] + 30, 3, "1.25", "2", "Drive Through Penalty"),
    )
    lines = [
        f'<TrackLimits Driver="{driver}" ID="1" Lap="{lap}" WarningPoints="{points}" CurrentPoints="2" '
        f'Resolution="{resolution}" et="{at:.1f}">{decision}</TrackLimits>'
        for at, lap, points, resolution, decision in looked_at
    ]
    for name, car, at, kind, stop_s, reason in (
        (driver, 1, lap_began[3] + 30.1, "Drive Thru", 0, "Track Limits"),
        (other, late, clocks[late][-2] + 5, "Stop/Go", 10, "Speeding In Pitlane"),
        (_name(left), 7, lap_began[1], "Drive Thru", 0, "Track Limits"),
    ):
        lines.append(
            f'<Penalty Driver="{name}" ID="{car}" Penalty="{kind}" Time="{stop_s}" Laps="0" Reason="{reason}" '
            f'et="{at:.1f}">{name} received {kind} penalty, {stop_s}s, 0laps for {reason}. Result: penalties=1, '
            f"1st={kind},{stop_s}s</Penalty>"
        )
    lines += [
        f'<Penalty et="{lap_began[5] + 12:.1f}">{driver} served 1st Drive Thru penalty, result: penalties=0, '
        "1st=Drive Thru,0s</Penalty>",
        f'<Penalty et="{end:.1f}">{other} finished before serving penalty, added {ADDED_S} seconds to totalET'
        "</Penalty>",
        f'<Penalty et="{end:.1f}">{driver} is under investigation for contact with {_name(left)}</Penalty>',
        f'<Penalty et="{end:.1f}">{other} served 1st Stop/Go penalty, result: penalties=0, 1st=Stop/Go,10s</Penalty>',
    ]
    return "".join(f"{line}\n" for line in lines)


def _name(racer: Racer) -> str:
    return escape(racer.name)


def _cars(
    rng: np.random.Generator, cars: list[Racer], layout: Layout, laps: int, is_race: bool
) -> tuple[list[str], list[list[float]]]:
    """One element a car, in the order of their places, and the clock at each of its laps' starts and at its end."""
    on_its_way, retired, absent = (len(cars) - place for place in (3, 2, 1))
    ends = {retired: (laps // 2, "DNF"), on_its_way: (laps - 1, "None"), absent: (0, "None")} if is_race else {}
    half = len(cars) // 2
    written, clocks = [], []
    for at, racer in enumerate(cars):
        car_class, car, mean_mps = CLASSES[at >= half]
        driven, status = ends.get(at, (laps if at < half or not is_race else laps - 1, "Finished Normally"))
        times = layout.length_m / mean_mps * (1 + 0.003 * at + np.abs(rng.normal(0, 0.002, driven)))
        times[driven // 2 : driven // 2 + 1] *= OUT_LAP  # behind the lap that ended in the pits
        counts = rng.random(driven) >= LEFT_OUT
        counts[:1] = True
        clocks.append((START_S + 0.4 * at + np.concatenate(([0.0], times.cumsum()))).tolist())
        added_s = ADDED_S if is_race and at == _late(cars) else 0
        written.append(
            _driver(
                racer,
                (car, car_class, TEAM if at == 0 else f"Team {racer.last_name}"),
                (at + 1, at + 1 if at < half else at + 1 - half),
                (at + 1, at + 1 if at < half else at + 1 - half) if is_race else None,
                _laps(times, counts, np.arange(1, driven + 1) == driven // 2, [at + 1] * driven, clocks[at]),
                times[counts].min() if driven else None,
                clocks[at][-1] - START_S + added_s if is_race and status.startswith("Finished") else None,
                status,
            )
        )
    return written, clocks


def _driver(
    racer: Racer,
    car: tuple[str, str, str],
    places: tuple[int, int],
    grid: tuple[int, int] | None,
    laps: list[str],
    best_s: float | None,
    finish_s: float | None,
    status: str,
) -> str:
    """The element of a car: name, class and team of it; places and places on the grid overall and in class."""
    name, car_class, team = car
    return "".join(
        (
            f"<Driver>\n<Name>{_name(racer)}</Name>\n<CarType>{name}</CarType>\n<CarClass>{car_class}</CarClass>\n",
            f"<CarNumber>{racer.number}</CarNumber>\n<TeamName>{team}</TeamName>\n<isPlayer>1</isPlayer>\n",
            f"<GridPos>{grid[0]}</GridPos>\n<ClassGridPos>{grid[1]}</ClassGridPos>\n" if grid else "",
            f"<Position>{places[0]}</Position>\n<ClassPosition>{places[1]}</ClassPosition>\n",
            *laps,
            f"<BestLapTime>{best_s:.4f}</BestLapTime>\n" if best_s else "",
            f"<FinishTime>{finish_s:.4f}</FinishTime>\n" if finish_s else "",
            f"<Laps>{len(laps)}</Laps>\n<Pitstops>1</Pitstops>\n<FinishStatus>{status}</FinishStatus>\n",
            "<DNFReason>Suspension</DNFReason>\n" if status == "DNF" else "",
            f'<ControlAndAids startLap="1" endLap="{len(laps)}">PlayerControl,AutoBlip</ControlAndAids>\n</Driver>\n',
        )
    )


def _laps(
    times: np.ndarray, counts: np.ndarray, ends_in_pits: np.ndarray, places: list[int], clock: list[float]
) -> list[str]:
    """A lap has the time at which it began. The lap that ends in the pits says so.

    Fuel is a share of the tank, as virtual energy is of what is allowed; what was used is below 0 where it was filled
    up. There are new tyres behind the stop.
    """
    lines = []
    stop = int(ends_in_pits.argmax()) + 1 if ends_in_pits.any() else 0
    since_full = [number if number < stop or stop == 0 else number - stop for number in range(len(times) + 1)]
    fuel, energy = ([full - rate * since for since in since_full] for full, rate in ((0.95, 0.04), (0.97, 0.05)))
    told = zip(times.tolist(), counts.tolist(), ends_in_pits.tolist(), places, strict=True)
    for number, (time_s, is_counted, is_pit_lap, place) in enumerate(told, 1):
        first_s, second_s = (time_s * share for share in SECTOR_SHARES)
        sectors = (
            f's1="{first_s:.4f}" s2="{second_s:.4f}" s3="{time_s - first_s - second_s:.4f}" ' if is_counted else ""
        )
        in_pits = ' pit="1"' if is_pit_lap else ""
        age = number if number <= stop or stop == 0 else number - stop
        tread = {"fl": 0.012, "fr": 0.010, "rl": 0.015, "rr": 0.014}
        worn = " ".join(f'tw{wheel}="{1 - rate * age:.3f}"' for wheel, rate in tread.items())
        compound = "0,Medium" if age == number else "1,Hard"
        lines.append(
            f'<Lap num="{number}" p="{place}" et="{clock[number - 1]:.4f}" {sectors}topspeed="281.30" '
            f'fuel="{fuel[number]:.3f}" fuelUsed="{fuel[number - 1] - fuel[number]:.3f}" ve="{energy[number]:.3f}" '
            f'veUsed="{energy[number - 1] - energy[number]:.3f}" {worn} fcompound="{compound}" '
            f'rcompound="{compound}"{in_pits}>{f"{time_s:.4f}" if is_counted else NO_TIME}</Lap>\n'
        )
    return lines


def _elements(session: SessionOfEvening) -> list[str]:
    """Cars in the order of their places; a driver who came back has a second one, the last."""
    elements = []
    for place, drive in enumerate(session.drives, 1):
        is_told = session.is_race and drive.end == FINISHED
        total_s = drive.told_total_ms / 1000 if is_told else None
        elements.append(_element(session, drive, place, total_s))
    back = [replace(drive, laps=(), end=ABSENT, grid=None) for drive in session.drives if drive.comes_back]
    return elements + [_element(session, drive, len(elements) + at, None) for at, drive in enumerate(back, 1)]


def _element(session: SessionOfEvening, drive: Drive, place: int, total_s: float | None) -> str:
    times = np.array([lap.time_ms / 1000 for lap in drive.laps])
    return _driver(
        drive.racer,
        (drive.entry.car.name, SEASON_CLASS, f"Team {escape(drive.racer.last_name)}"),
        (place, place),
        (drive.grid, drive.grid) if drive.grid else None,
        _laps(
            times,
            np.array([lap.counts for lap in drive.laps]),
            np.array([lap.ends_in_pits for lap in drive.laps]),
            session.places_after(drive),
            _clock(drive),
        ),
        drive.best_ms / 1000 if drive.best_ms else None,
        total_s,
        STATUSES[drive.end],
    )


def _clock(drive: Drive) -> list[float]:
    """Where the clock of the session stood at the start of each lap, and at the end of the last."""
    return [START_S + sum(lap.time_ms for lap in drive.laps[:number]) / 1000 for number in range(len(drive.laps) + 1)]


def _stream_of(session: SessionOfEvening) -> str:
    """Penalties: a drive-through in lap 2 that is served in lap 4, and one in the last lap that becomes a time."""
    lines = []
    for drive in session.drives:
        name, clock = _name(drive.racer), _clock(drive)
        given_s = clock[1] + 20 if drive.is_served else clock[-2] + 20 if drive.penalty_s else None
        if given_s:
            lines.append(
                f'<Penalty Driver="{name}" ID="{drive.seat}" Penalty="Drive Thru" Time="0" Laps="0" '
                f'Reason="Track Limits" et="{given_s:.1f}">{name} received Drive Thru penalty, 0s, 0laps for Track '
                "Limits. Result: penalties=1, 1st=Drive Thru,0s</Penalty>\n"
            )
        if drive.is_served:
            lines.append(
                f'<Penalty et="{clock[3] + 20:.1f}">{name} served 1st Drive Thru penalty, result: penalties=0, '
                "1st=Drive Thru,0s</Penalty>\n"
            )
        if drive.penalty_s:
            lines.append(
                f'<Penalty et="{clock[-1]:.1f}">{name} finished before serving penalty, added {drive.penalty_s} '
                "seconds to totalET</Penalty>\n"
            )
    return "".join(lines)
