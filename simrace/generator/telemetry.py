"""Which sessions are driven, in which format they are written, and what is true of each file."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from simrace.generator.acc_telemetry import write_acc
from simrace.generator.car import Car
from simrace.generator.catalogue import ALDERBROOK, FALCON, KESTREL, MERLIN, SALTMARSH, TORREVENTO
from simrace.generator.garage61 import RATE_HZ as GARAGE61_HZ
from simrace.generator.garage61 import write_garage61
from simrace.generator.iracing_variables import RATE_HZ as IRACING_HZ
from simrace.generator.iracing_variables import SESSION_OFFSET_S
from simrace.generator.motec import ADL_HZ, M1_HZ, write_adl, write_m1
from simrace.generator.mu import write_mu
from simrace.generator.session import Driver, Session
from simrace.generator.track import Layout

BETWEEN_ROUNDS = timedelta(days=28)


@dataclass(frozen=True)
class Variant:
    """A way to write a session, with the session it is written from.

    Attributes:
        name: Name of the variant.
        source_format: Format as the warehouse calls it.
        write: Writer of the files.
        layout, car, driver, flying_laps: What is driven.
        started_at: When, in the first round.
        rate_hz: Samples a second; None where samples lie a metre apart.
        contents: For each file the laps in it, counted from the out lap as 0; None means all.
        first_number: Number that the format gives the out lap.
        clock_offset_s: What the file's clock shows when the session starts.
    """

    name: str
    source_format: str
    write: Callable[[Path, Session, datetime], list[Path]]
    layout: Layout
    car: Car
    driver: Driver
    flying_laps: int
    started_at: datetime
    rate_hz: int | None
    contents: tuple[tuple[int, ...] | None, ...] = (None,)
    first_number: int = 0
    clock_offset_s: float = 0.0


VARIANTS = (
    Variant("adl", "motec_i2_csv", write_adl, SALTMARSH, FALCON, Driver("N. OSTERMANE", 0.955), 4,
            datetime(2025, 3, 4, 14, 5, 10, tzinfo=UTC), ADL_HZ, contents=(None, (3,))),
    Variant("mu", "iracing_mu_csv", partial(write_mu, hand_edited=False), ALDERBROOK, MERLIN,
            Driver("Dagny Morrowby", 0.965, 0.008), 2, datetime(2025, 3, 18, 20, 48, 31, tzinfo=UTC), IRACING_HZ,
            first_number=1, clock_offset_s=SESSION_OFFSET_S),
    Variant("acc", "acc_motec_csv", partial(write_acc, clock_jump=False), SALTMARSH, MERLIN,
            Driver("Kester Jelvik", 0.95), 3, datetime(2025, 3, 22, 20, 5, 0, tzinfo=UTC), None, contents=((1, 2, 3),)),
    Variant("garage61", "garage61_csv", partial(write_garage61, old=False), TORREVENTO, KESTREL,
            Driver("Dagny Morrowby", 0.96, 0.008), 2, datetime(2025, 3, 27, 19, 40, 0, tzinfo=UTC), GARAGE61_HZ,
            contents=((1,), (2,))),
    Variant("m1", "motec_i2_csv", write_m1, SALTMARSH, FALCON, Driver("José Güntherode", 0.945, 0.014), 2,
            datetime(2025, 5, 23, 19, 8, 21, tzinfo=UTC), M1_HZ, contents=(None, None)),
    Variant("mu_edited", "iracing_mu_csv", partial(write_mu, hand_edited=True), ALDERBROOK, FALCON,
            Driver("Kester Jelvik", 0.95), 2, datetime(2025, 4, 9, 20, 2, 51, tzinfo=UTC), IRACING_HZ,
            first_number=1, clock_offset_s=SESSION_OFFSET_S),
    Variant("acc_clock_jump", "acc_motec_csv", partial(write_acc, clock_jump=True), ALDERBROOK, FALCON,
            Driver("Dagny Morrowby", 0.96, 0.008), 3, datetime(2025, 4, 12, 20, 31, 0, tzinfo=UTC), None,
            contents=((1, 2, 3),)),
    Variant("garage61_old", "garage61_csv", partial(write_garage61, old=True), SALTMARSH, MERLIN,
            Driver("Kester Jelvik", 0.95), 2, datetime(2023, 9, 14, 19, 10, 0, tzinfo=UTC), GARAGE61_HZ,
            contents=((1,),)),
)  # fmt: skip


def write_telemetry(
    directory: Path, sessions: int, seed: int, on_progress: Callable[[Path], None] | None = None
) -> tuple[list[Path], list[dict[str, Any]]]:
    """Drive and write sessions, one variant after the other; a new round comes four weeks later.

    Args:
        directory: Folder to write to.
        sessions: Number of sessions.
        seed: Seeds the drivers' variance.
        on_progress: Called after each file.

    Returns:
        Paths written, and what is true of each file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    truth: list[dict[str, Any]] = []
    for at in range(sessions):
        turn, place = divmod(at, len(VARIANTS))
        variant = VARIANTS[place]
        variant = replace(variant, started_at=variant.started_at + turn * BETWEEN_ROUNDS)
        paths, told = drive(directory, variant, (seed, at), on_progress)
        written += paths
        truth += told
    return written, truth


def drive(
    directory: Path, variant: Variant, seed: tuple[int, ...], on_progress: Callable[[Path], None] | None = None
) -> tuple[list[Path], list[dict[str, Any]]]:
    """Drive a session and write it.

    Args:
        directory: Folder to write to.
        variant: What is driven and how it is written.
        seed: Seeds the driver's variance.
        on_progress: Called after each file.

    Returns:
        Paths written, and what is true of each file but the beacons beside a log, which are a part of it.
    """
    session = Session(variant.layout, variant.car, variant.driver, variant.flying_laps, seed)
    paths = variant.write(directory, session, variant.started_at)
    if on_progress:
        for path in paths:
            on_progress(path)
    logs = [path for path in paths if path.suffix != ".ldx"]
    told = [_truth(path, variant, session, laps) for path, laps in zip(logs, variant.contents, strict=True)]
    return paths, told


def _truth(path: Path, variant: Variant, session: Session, laps: tuple[int, ...] | None) -> dict[str, Any]:
    """What the file's readers should find; start times are in the file's own clock."""
    numbers = range(session.lap_count) if laps is None else laps
    times = np.diff(session.lap_bounds_s)
    offset = variant.clock_offset_s
    if variant.source_format == "garage61_csv":  # no clock: 0 is the first row
        offset = -float(np.ceil(session.lap_bounds_s[numbers[0]] * GARAGE61_HZ)) / GARAGE61_HZ
    return {
        "file": path.name,
        "format": variant.source_format,
        "variant": variant.name,
        "layout": session.layout.name,
        "layout_length_m": session.layout.length_m,
        "sample_rate_hz": variant.rate_hz,
        "driver": session.driver.name,
        "car": session.car.name,
        "started_at": variant.started_at.isoformat(),
        "laps": [
            {
                "lap_number": lap + variant.first_number,
                "class": "out" if lap == 0 else "in" if lap == session.lap_count - 1 else "flying",
                "lap_time_s": float(times[lap]),
                "start_s": float(session.lap_bounds_s[lap] + offset),
                "corner_min_speed_kph": session.corner_speeds_kph(lap),
                "corner_min_speed_inside": session.slowest_inside(lap),
            }
            for lap in numbers
        ],
        "corners": [
            {
                "number": corner.number,
                "apex_m": round(corner.apex_m, 3),
                "direction": corner.direction,
                "curvature_per_m": round(corner.curvature_per_m, 6),
            }
            for corner in session.layout.corners
        ],
    }
