"""One large MoTeC CSV for benchmarks."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from simrace.generator.catalogue import FALCON, TORREVENTO
from simrace.generator.motec import ADL_HZ, adl_columns, entire_outing, head_text, m1_columns
from simrace.generator.session import PIT_BOX_M, Channels, Driver, Session
from simrace.generator.track import Floats
from simrace.generator.writing import ROWS_PER_CHUNK, Column, set_modified, write_rows

STARTED_AT = datetime(2025, 5, 4, 9, 30, tzinfo=UTC)
DRIVEN_LAPS = 20  # a longer log drives these laps again and again


def write_wide_log(path: Path, rows: int, channels: int, seed: int = 1) -> Path:
    """Write a log of any size, holding one piece of it in memory at a time.

    Args:
        path: File to write.
        rows: Exact number of data rows, at 60 Hz.
        channels: Exact number of columns: known channels first, then `Aux 1`, `Aux 2` and so on.
        seed: Seeds the driver and the fillers.
    """
    session = Session(TORREVENTO, FALCON, Driver("N. OSTERMANE"), DRIVEN_LAPS, (seed, 99))
    first, last = float(session.crossings_s[0]), float(session.crossings_s[-1])
    period_s, period_m = last - first, DRIVEN_LAPS * TORREVENTO.length_m
    end_s = rows / ADL_HZ
    repeats = np.arange(int(end_s / period_s) + 1)[:, None] * period_s
    beacons = np.concatenate([[first], (session.crossings_s[1:] + repeats).ravel()])
    end_m = _sample(session, np.array([end_s]), first, period_s, period_m)["distance_m"][0] - PIT_BOX_M
    export = replace(
        entire_outing(session, STARTED_AT, "ADL", f"{STARTED_AT:%Y-%m-%d}", ADL_HZ),
        end_s=end_s,
        beacons_s=beacons[beacons < end_s],
        end_m=float(end_m),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="ascii", newline="") as file:
        for at in range(0, max(rows, 1), ROWS_PER_CHUNK):
            times = np.arange(at, min(at + ROWS_PER_CHUNK, rows)) / ADL_HZ
            sample = _sample(session, times, first, period_s, period_m)
            columns = _columns(sample, channels, np.random.default_rng([seed, at]))
            if at == 0:
                file.write(head_text(export, columns, "\r\n", quoted=True))
            write_rows(file, columns, "\r\n", quoted=True)
    set_modified(path, STARTED_AT)
    return path


def _sample(session: Session, times: Floats, first: float, period_s: float, period_m: float) -> Channels:
    """Channels at instants after the session's end too: its flying laps come round again."""
    rounds = np.maximum(np.floor((times - first) / period_s), 0)
    sample = session.at_times(times - rounds * period_s)
    return sample | {"time_s": times, "distance_m": sample["distance_m"] + rounds * period_m}


def _columns(sample: Channels, width: int, rng: np.random.Generator) -> list[Column]:
    known = {column.name: column for column in adl_columns(sample, 0.0, PIT_BOX_M)}
    for column in m1_columns(sample, STARTED_AT):
        if column.values.dtype.kind == "f":  # no texts and no channels that are never filled
            known.setdefault(column.name, column)
    columns = list(known.values())[:width]
    for number in range(1, width - len(columns) + 1):
        wave = np.sin(sample["time_s"] / (0.7 + number)) * 20 * number + rng.normal(0, 0.3, len(sample["time_s"]))
        columns.append(Column(f"Aux {number}", "V", wave, f"%.{1 + number % 3}f"))
    return columns
