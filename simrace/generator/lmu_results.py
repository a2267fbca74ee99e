"""Result files of Le Mans Ultimate: qualifying and race of one evening, with the usual traps."""

from datetime import datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from simrace.generator.drivers import Racer
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
<ServerName>Sunday Endurance</ServerName>
"""


def write_lmu_event(
    directory: Path, rng: np.random.Generator, racers: list[Racer], layout: Layout, ended_at: datetime
) -> list[Path]:
    """Write the two files of an evening. Of the last three one is on his way at the end, one retires, one never drives.

    Args:
        directory: Folder to write to.
        rng: Source of luck.
        racers: Who drives; the second shares the car of the first, and has none of his own.
        layout: Where.
        ended_at: End of the race.

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
    paths = []
    for kind, letter, drivers, penalties, started_at in (
        ("Qualify", "Q", qualifying, "", event_at + timedelta(minutes=5)),
        ("Race", "R", race, _penalties(cars, clocks), event_at + timedelta(minutes=30)),
    ):
        text = (
            _HEAD
            + _dated(event_at)
            + f"<TrackVenue>{layout.track}</TrackVenue>\n<TrackCourse>{layout.config}</TrackCourse>\n"
            + f"<TrackLength>{layout.length_m:.1f}</TrackLength>\n<GameVersion>1.2000</GameVersion>\n"
            + '<ConnectionType upload="100000" download="360000">Custom</ConnectionType>\n'
            + f"<{kind}>\n{_dated(started_at)}<Laps>{NO_LIMIT}</Laps>\n<Minutes>20</Minutes>\n"
            + _stream(cars, penalties)
            + "".join(drivers)
            + f"</{kind}>\n</RaceResults>\n</rFactorXML>\n"
        )
        path = directory / f"{started_at + UTC_OFFSET:%Y_%m_%d_%H_%M_%S}-97{letter}1.xml"
        path.write_bytes(text.encode("latin-1"))
        set_modified(path, ended_at)
        paths.append(path)
    return paths


def _dated(at: datetime) -> str:
    told = f"{at + UTC_OFFSET:%Y/%m/%d %H:%M:%S}"
    return f"<DateTime>{int(at.timestamp())}</DateTime>\n<TimeString>{told}</TimeString>\n"


def _stream(cars: list[Racer], penalties: str) -> str:
    first, second = (_name(racer) for racer in cars[:2])
    return (
        "<Stream>\n"
        f'<ChatMessage et="12.5">{first}: good luck</ChatMessage>\n'
        f'<Incident et="58.4">{first}(0) reported contact (320.50) with another vehicle {second}(1)</Incident>\n'
        f'<TrackLimits Driver="{second}" ID="1" Lap="2" WarningPoints="1" CurrentPoints="1" Resolution="6" et="151.0">'
        "Lap Invalidated</TrackLimits>\n"
        f"{penalties}</Stream>\n"
    )


def _late(cars: list[Racer]) -> int:
    """The last on the winner's lap: what is added to his time costs him no place."""
    return len(cars) // 2 - 1


def _penalties(cars: list[Racer], clocks: list[list[float]]) -> str:
    """Of the race: a drive-through, told twice and served, and a stop that was not served before the end.

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
        team = TEAM if at == 0 else f"Team {racer.last_name}"
        place_in_class = at + 1 if at < half else at + 1 - half
        clocks.append((START_S + 0.4 * at + np.concatenate(([0.0], times.cumsum()))).tolist())
        added_s = ADDED_S if is_race and at == _late(cars) else 0
        finish_s = f"<FinishTime>{clocks[at][-1] - START_S + added_s:.4f}</FinishTime>\n"
        lines = [
            f"<Driver>\n<Name>{_name(racer)}</Name>\n<CarType>{car}</CarType>\n<CarClass>{car_class}</CarClass>\n",
            f"<CarNumber>{racer.number}</CarNumber>\n<TeamName>{team}</TeamName>\n<isPlayer>1</isPlayer>\n",
            f"<GridPos>{at + 1}</GridPos>\n<ClassGridPos>{place_in_class}</ClassGridPos>\n" if is_race else "",
            f"<Position>{at + 1}</Position>\n<ClassPosition>{place_in_class}</ClassPosition>\n",
            *_laps(times, counts, at, clocks[at]),
            f"<BestLapTime>{times[counts].min():.4f}</BestLapTime>\n" if driven else "",
            finish_s if is_race and status.startswith("Finished") else "",
            f"<Laps>{driven}</Laps>\n<Pitstops>1</Pitstops>\n<FinishStatus>{status}</FinishStatus>\n",
            "<DNFReason>Suspension</DNFReason>\n" if status == "DNF" else "",
            f'<ControlAndAids startLap="1" endLap="{driven}">PlayerControl,AutoBlip</ControlAndAids>\n</Driver>\n',
        ]
        written.append("".join(lines))
    return written, clocks


def _laps(times: np.ndarray, counts: np.ndarray, at: int, clock: list[float]) -> list[str]:
    """A lap has the time at which it began. The lap that ends in the pits says so.

    Fuel is a share of the tank, as virtual energy is of what is allowed; what was used is below 0 where it was filled
    up. There are new tyres behind the stop.
    """
    lines = []
    stop = len(times) // 2
    since_full = [number if number < stop or stop == 0 else number - stop for number in range(len(times) + 1)]
    fuel, energy = ([full - rate * since for since in since_full] for full, rate in ((0.95, 0.04), (0.97, 0.05)))
    for number, (time_s, is_counted) in enumerate(zip(times.tolist(), counts.tolist(), strict=True), 1):
        first_s, second_s = (time_s * share for share in SECTOR_SHARES)
        sectors = (
            f's1="{first_s:.4f}" s2="{second_s:.4f}" s3="{time_s - first_s - second_s:.4f}" ' if is_counted else ""
        )
        in_pits = ' pit="1"' if number == stop else ""
        age = number if number <= stop or stop == 0 else number - stop
        tread = {"fl": 0.012, "fr": 0.010, "rl": 0.015, "rr": 0.014}
        worn = " ".join(f'tw{wheel}="{1 - rate * age:.3f}"' for wheel, rate in tread.items())
        compound = "0,Medium" if age == number else "1,Hard"
        lines.append(
            f'<Lap num="{number}" p="{at + 1}" et="{clock[number - 1]:.4f}" {sectors}topspeed="281.30" '
            f'fuel="{fuel[number]:.3f}" fuelUsed="{fuel[number - 1] - fuel[number]:.3f}" ve="{energy[number]:.3f}" '
            f'veUsed="{energy[number - 1] - energy[number]:.3f}" {worn} fcompound="{compound}" '
            f'rcompound="{compound}"{in_pits}>{f"{time_s:.4f}" if is_counted else NO_TIME}</Lap>\n'
        )
    return lines
