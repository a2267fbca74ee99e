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
    qualifying = _cars(rng, cars, layout, QUALIFYING_LAPS, is_race=False)
    race = _cars(rng, cars, layout, RACE_LAPS, is_race=True)
    race[0] = race[0].replace("</Driver>\n", f"{swaps}</Driver>\n")
    paths = []
    for kind, letter, drivers, started_at in (
        ("Qualify", "Q", qualifying, event_at + timedelta(minutes=5)),
        ("Race", "R", race, event_at + timedelta(minutes=30)),
    ):
        text = (
            _HEAD
            + _dated(event_at)
            + f"<TrackVenue>{layout.track}</TrackVenue>\n<TrackCourse>{layout.config}</TrackCourse>\n"
            + f"<TrackLength>{layout.length_m:.1f}</TrackLength>\n<GameVersion>1.2000</GameVersion>\n"
            + '<ConnectionType upload="100000" download="360000">Custom</ConnectionType>\n'
            + f"<{kind}>\n{_dated(started_at)}<Laps>{NO_LIMIT}</Laps>\n<Minutes>20</Minutes>\n{_stream(cars)}"
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


def _stream(cars: list[Racer]) -> str:
    first, second = (_name(racer) for racer in cars[:2])
    return (
        "<Stream>\n"
        f'<ChatMessage et="12.5">{first}: good luck</ChatMessage>\n'
        f'<Incident et="58.4">{first}(0) reported contact (320.50) with another vehicle {second}(1)</Incident>\n'
        f'<TrackLimits Driver="{second}" ID="1" Lap="2" WarningPoints="1" CurrentPoints="1" Resolution="6" et="151.0">'
        "Lap Invalidated</TrackLimits>\n"
        "</Stream>\n"
    )


def _name(racer: Racer) -> str:
    return escape(racer.name)


def _cars(rng: np.random.Generator, cars: list[Racer], layout: Layout, laps: int, is_race: bool) -> list[str]:
    """One element a car, in the order of their places."""
    on_its_way, retired, absent = (len(cars) - place for place in (3, 2, 1))
    ends = {retired: (laps // 2, "DNF"), on_its_way: (laps - 1, "None"), absent: (0, "None")} if is_race else {}
    half = len(cars) // 2
    written = []
    for at, racer in enumerate(cars):
        car_class, car, mean_mps = CLASSES[at >= half]
        driven, status = ends.get(at, (laps if at < half or not is_race else laps - 1, "Finished Normally"))
        times = layout.length_m / mean_mps * (1 + 0.003 * at + np.abs(rng.normal(0, 0.002, driven)))
        times[driven // 2 : driven // 2 + 1] *= OUT_LAP  # behind the lap that ended in the pits
        counts = rng.random(driven) >= LEFT_OUT
        counts[:1] = True
        team = TEAM if at == 0 else f"Team {racer.last_name}"
        place_in_class = at + 1 if at < half else at + 1 - half
        finish_s = f"<FinishTime>{times.sum() + 0.4 * at:.4f}</FinishTime>\n"
        lines = [
            f"<Driver>\n<Name>{_name(racer)}</Name>\n<CarType>{car}</CarType>\n<CarClass>{car_class}</CarClass>\n",
            f"<CarNumber>{racer.number}</CarNumber>\n<TeamName>{team}</TeamName>\n<isPlayer>1</isPlayer>\n",
            f"<GridPos>{at + 1}</GridPos>\n<ClassGridPos>{place_in_class}</ClassGridPos>\n" if is_race else "",
            f"<Position>{at + 1}</Position>\n<ClassPosition>{place_in_class}</ClassPosition>\n",
            *_laps(times, counts, at),
            f"<BestLapTime>{times[counts].min():.4f}</BestLapTime>\n" if driven else "",
            finish_s if is_race and status.startswith("Finished") else "",
            f"<Laps>{driven}</Laps>\n<Pitstops>1</Pitstops>\n<FinishStatus>{status}</FinishStatus>\n",
            "<DNFReason>Suspension</DNFReason>\n" if status == "DNF" else "",
            f'<ControlAndAids startLap="1" endLap="{driven}">PlayerControl,AutoBlip</ControlAndAids>\n</Driver>\n',
        ]
        written.append("".join(lines))
    return written


def _laps(times: np.ndarray, counts: np.ndarray, at: int) -> list[str]:
    """A lap has the time at which it began. Fuel is a share of the tank. The lap that ends in the pits says so."""
    lines = []
    began_s = START_S + 0.4 * at
    for number, (time_s, is_counted) in enumerate(zip(times.tolist(), counts.tolist(), strict=True), 1):
        first_s, second_s = (time_s * share for share in SECTOR_SHARES)
        sectors = (
            f's1="{first_s:.4f}" s2="{second_s:.4f}" s3="{time_s - first_s - second_s:.4f}" ' if is_counted else ""
        )
        in_pits = ' pit="1"' if number == len(times) // 2 else ""
        lines.append(
            f'<Lap num="{number}" p="{at + 1}" et="{began_s:.4f}" {sectors}topspeed="281.30" '
            f'fuel="{0.95 - 0.04 * number:.3f}" ve="{0.97 - 0.05 * number:.3f}" fcompound="0,Medium" '
            f'rcompound="0,Medium"{in_pits}>{f"{time_s:.4f}" if is_counted else NO_TIME}</Lap>\n'
        )
        began_s += time_s
    return lines
