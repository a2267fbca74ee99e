"""AiM log (.xrk, and .xrz, which is the same compressed). It is read with the extra `simrace[aim]`, by libxrk.

Recognised by the message `<hCNF` at its beginning, also under the compression.

Parts, as libxrk gives them: channels, each with the times of its samples; laps, in milliseconds from the start of the
log; metadata. A channel whose samples come at one distance from the start on has a rate. Others have their usual one
and name a channel of times, `timecodes`, which those with the same times share.

Traps:
    * Of junk libxrk makes no channel and no error, so a log without a channel is malformed.
    * A log that was cut off has the samples up to there, and no laps.
    * What GPS says is computed by libxrk (speed, position, accelerations). `reader` names its version.
    * libxrk holds all of a file in memory.
"""

import zlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ingestion.formats.logs.columns import MAX_LOG_SECONDS, Values
from ingestion.formats.logs.foreign import ForeignLog, Written, convert, require
from ingestion.formats.logs.log import Document, Log, LogFormat
from ingestion.reading import Reason, RefusedError

MAX_BYTES = 256 << 20
_START = b"<hCNF\0"


def _matches(head: bytes) -> bool:
    return _unpacked(head, len(_START)) == _START


def _unpacked(data: bytes, most: int) -> bytes:
    """The first bytes of a .xrk, whether it is compressed or not."""
    if data.startswith(_START):
        return data[:most]
    try:
        return zlib.decompressobj().decompress(data, most)
    except zlib.error:
        return b""


def _open(path: Path) -> Log:
    require("libxrk", "aim", "AiM log (.xrk)")
    return ForeignLog(path, __name__)


def _read(path: Path, written: Written) -> None:
    from libxrk import aim_xrk

    if path.stat().st_size > MAX_BYTES or len(data := _unpacked(path.read_bytes(), MAX_BYTES + 1)) > MAX_BYTES:
        raise RefusedError(Reason.TOO_LARGE, f"a log of over {MAX_BYTES >> 20} MB")
    log = aim_xrk(data)
    clocks: dict[bytes, int] = {}
    for name, table in log.channels.items():
        _add(written, clocks, name, table)
    if not any(channel.sample_count for channel in written.channels):
        raise RefusedError(Reason.MALFORMED, "no channel of it can be read")
    written.documents += [
        Document("metadata", log.metadata, None, None, 0),
        Document("laps", log.laps.to_pylist(), None, None, 0),
        Document("reader", {"libxrk": version("libxrk")}, None, None, 0),
    ]


def _add(written: Written, clocks: dict[bytes, int], name: str, table: Any) -> None:
    described = {key.decode(): value.decode() for key, value in (table.schema.field(1).metadata or {}).items()}
    unit = described.pop("units", "")
    milliseconds, values = (column.to_numpy() for column in table.columns)
    if problem := _problem(milliseconds, values, table.column(1).null_count):
        written.add(name, unit, None, problem=problem, **described)
        return
    clock, rate = None, _usual_rate(milliseconds)
    if not rate or (milliseconds != np.arange(len(milliseconds)) * (1_000 / rate)).any():
        key = milliseconds.tobytes()
        if key not in clocks:
            clocks[key] = written.add("timecodes", "s", milliseconds / 1_000, rate=rate, times_channel=0)
        clock = clocks[key]
    written.add(name, unit, values, rate=rate, times_channel=clock, **described)


def _problem(milliseconds: Values, values: Values, missing: int) -> str | None:
    if missing:
        return f"{missing:,} of its {len(values):,} values are missing"
    if values.dtype.kind not in "biuf" or values.dtype.itemsize > (8 if values.dtype.kind == "f" else 4):
        return f"its type {values.dtype} is not known"
    if len(milliseconds) and np.abs(milliseconds).max() > MAX_LOG_SECONDS * 1_000:
        return "its times are longer than two days"
    return None


def _usual_rate(milliseconds: Values) -> float | None:
    """Samples a second, by the step that half of the steps do not exceed."""
    step = float(np.median(np.diff(milliseconds))) if len(milliseconds) > 1 else 0
    return 1_000 / step if step > 0 else None


FORMAT = LogFormat("aim_xrk", _matches, _open, None)

if __name__ == "__main__":
    convert(_read, lambda size: 50 * size + (64 << 20))
