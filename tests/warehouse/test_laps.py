"""Laps on a common distance: what arithmetic says of a faster lap, and what a corrected file changes."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import AFTER_TELEMETRY, Warehouse

FASTER = 1.01
CORRECTED_MPS = 95  # faster than any car of the generator


def _faster(source: Path, target: Path) -> None:
    """The same log driven faster: times divided, speeds multiplied, another time of day."""

    def preamble(line: str) -> str:
        if line.startswith('"Beacon Markers"'):
            beacons = [f"{float(at) / FASTER:.3f}" for at in line.split(",")[1].strip('"').split()]
            return f'"Beacon Markers","{" ".join(beacons)} "'
        return re.sub(r'("Log Time",")[^"]*', r"\g<1>3:33:33 AM", line)

    lines = source.read_bytes().decode("ascii").split("\r\n")
    header = next(at for at, line in enumerate(lines) if line.startswith('"Time"'))
    names = lines[header].strip('"').split('","')
    time, speed = names.index("Time"), names.index("Vehicle Speed")
    out = [preamble(line) for line in lines[:header]]
    for line in lines[header:]:
        cells = line.strip('"').split('","')
        if len(cells) == len(names) and cells[time] not in ("Time", "s"):
            cells[time] = f"{float(cells[time]) / FASTER:.4f}"
            cells[speed] = f"{float(cells[speed]) * FASTER:.2f}"
            line = '"' + '","'.join(cells) + '"'
        out.append(line)
    target.write_text("\r\n".join(out), encoding="ascii", newline="")
    os.utime(target, (source.stat().st_mtime, source.stat().st_mtime))


def test_a_lap_driven_one_percent_faster_is_ahead_by_one_percent(warehouse: Warehouse, built: Warehouse) -> None:
    """And the same lap laid on itself is level everywhere."""
    other = built.other("faster", is_copy=True)
    log = next((warehouse.folder / "files" / "telemetry").glob("20250304_saltmarsh_gp.csv"))
    faster = other.folder / "faster.csv"
    _faster(log, faster)
    other.run("simrace", "land", log, faster)
    other.run("dbt", "build", *AFTER_TELEMETRY)
    rows = other.query(
        "select deltas.lap_elapsed_s, deltas.delta_s, deltas.reference_lap_elapsed_s "
        "from marts.lap_deltas as deltas inner join marts.dim_sessions as sessions using (session_id) "
        "where deltas.reference_kind = 'asked' and deltas.lap_number = deltas.reference_lap_number "
        "and deltas.session_id <> deltas.reference_session_id and sessions.session_started_at::time = '03:33:33'"
    )
    assert len(rows) > 3_000
    for elapsed, delta, reference in rows:
        assert float(str(delta)) == pytest.approx(float(str(reference)) * (1 / FASTER - 1), abs=0.01), elapsed
    level = other.query(
        "select count(*), max(abs(delta_s)), max(abs(speed_delta_kph)) from marts.lap_deltas "
        "where reference_kind = 'asked' and session_id = reference_session_id and lap_number = reference_lap_number"
    )
    assert level[0][0]
    assert level[0][1:] == (0, 0)


def test_a_corrected_file_wins_whenever_it_comes(warehouse: Warehouse, built: Warehouse) -> None:
    original = min((warehouse.folder / "files" / "telemetry").glob("Garage 61 - Kester*"))
    sums = []
    for name, corrected_first in (("corrected_last", False), ("corrected_first", True)):
        other = built.other(name, is_copy=True)
        folder = other.folder / "corrected"
        folder.mkdir()
        corrected = folder / original.name
        shutil.copy(original, corrected)
        lines = corrected.read_text(encoding="utf-8").splitlines()
        lines[3_000] = f"{CORRECTED_MPS}," + lines[3_000].partition(",")[2]
        corrected.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
        os.utime(corrected, (original.stat().st_mtime + 60, original.stat().st_mtime + 60))
        files = [original, corrected]
        for file in reversed(files) if corrected_first else files:
            other.run("simrace", "land", file)
            other.run("dbt", "build", *AFTER_TELEMETRY)
        speeds = other.query("select cast(max(max_speed_kph) as double precision) from marts.fct_laps")
        assert speeds == [(pytest.approx(CORRECTED_MPS * 3.6),)]
        sums.append(other.checksums())
    assert sums[0] == sums[1]
