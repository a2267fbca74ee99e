"""Logs in a container that a library reads, in a process of its own: a stranger's file may make it crash or hang.

The process writes the values of one channel behind those of the other into a file, and all else into a JSON beside it.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ingestion.formats.logs.columns import LANDED, Values, column_blocks, read_at
from ingestion.formats.logs.log import Block, Channel, Document, Log, ValueType, span_s
from ingestion.reading import Reason, RefusedError

MAX_SECONDS = 1_800
_VALUES, _REST = "values", "rest.json"


class Written:
    """What the process writes of a log.

    Attributes:
        channels: Those added so far.
        documents: For the caller to fill.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Begin with no channel.

        Args:
            folder: Where to write.
            max_bytes: Size of all values that is believed.
        """
        self._folder, self._room = folder, max_bytes
        self._stream = (folder / _VALUES).open("wb")
        self.channels: list[Channel] = []
        self.documents: list[Document] = []

    def check(self, count: int, value_type: ValueType) -> None:
        """Say whether there is room for so many values, before they are read.

        Raises:
            RefusedError: too_large.
        """
        if count * LANDED[value_type].itemsize > self._room:
            raise RefusedError(Reason.TOO_LARGE, "its values are many times as large as the file")

    def add(
        self,
        name: str,
        unit: str,
        values: Values | None,
        *,
        rate: float | None = None,
        times_channel: int | None = None,
        problem: str | None = None,
        **details: Any,
    ) -> int:
        """Add a channel.

        Args:
            name: As in the file.
            unit: As in the file.
            values: Booleans, floats, or integers of at most 4 bytes; None when they cannot be believed.
            rate: Samples a second.
            times_channel: Number of the channel with the times of the samples; 0 for the channel itself.
            problem: Why it has no values.
            details: What else the file says of it.

        Returns:
            Its number.
        """
        number = len(self.channels) + 1
        if values is None:
            values = np.empty(0, np.float32)
        elif values.dtype.kind in "iu":
            values = values.view(np.int32) if values.dtype == np.uint32 else values.astype(np.int32)
        value_type = next(name for name, dtype in LANDED.items() if dtype == values.dtype)
        self.check(len(values), value_type)
        self._room -= values.nbytes
        self._stream.write(np.ascontiguousarray(values).tobytes())
        own = number if times_channel == 0 else times_channel
        told = details | ({"problem": problem} if problem else {})
        self.channels.append(
            Channel(number, name, unit, "", value_type, float(rate) if rate else None, len(values), own, told)
        )
        return number

    def close(self) -> None:
        """Write everything that is no value."""
        self._stream.close()
        told = {"channels": [*map(asdict, self.channels)], "documents": [*map(asdict, self.documents)]}
        (self._folder / _REST).write_text(json.dumps(told), encoding="utf-8")


def convert(read: Callable[[Path, Written], None], max_bytes: Callable[[int], int]) -> None:
    """Be the process: the path of a log and of a folder are the arguments of the command.

    Args:
        read: Reads a log.
        max_bytes: Size of all values that is believed, for a log of so many bytes.
    """
    path, folder = map(Path, sys.argv[1:])
    try:
        written = Written(folder, max_bytes(path.stat().st_size))
        read(path, written)
        written.close()
    except RefusedError as refusal:
        told = {"reason": refusal.reason, "detail": refusal.detail}
        (folder / _REST).write_text(json.dumps(told), encoding="utf-8")


class ForeignLog(Log):
    """A log that was read by the process."""

    def __init__(self, path: Path, module: str) -> None:
        """Read it.

        Args:
            path: The log.
            module: Calls `convert` when it is run.

        Raises:
            RefusedError: as the process says; malformed when it crashes or does not end.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="simrace-log-")  # goes away with the log
        self._values = Path(self._folder.name) / _VALUES
        command = [sys.executable, "-m", module, str(path.absolute()), self._folder.name]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=MAX_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise RefusedError(Reason.MALFORMED, f"reading it takes over {MAX_SECONDS // 60} minutes") from None
        if ended.returncode:
            raise RefusedError(Reason.MALFORMED, "its reader failed", ended.stderr.strip().rpartition("\n")[2])
        rest = json.loads((self._values.with_name(_REST)).read_text(encoding="utf-8"))
        if "reason" in rest:
            raise RefusedError(Reason(rest["reason"]), rest["detail"])
        self.channels = [
            replace(Channel(**channel), value_type=ValueType(channel["value_type"])) for channel in rest["channels"]
        ]
        self.documents = [Document(**document) for document in rest["documents"]]
        self.span_s = span_s(
            max((one.sample_rate_hz or 0 for one in self.channels if one.sample_count), default=0) or 1
        )

    def blocks(self) -> Iterator[Block]:
        """The values as the process wrote them."""
        places, place = {}, 0
        for channel in self.channels:
            places[channel.number] = place
            place += channel.sample_count * LANDED[channel.value_type].itemsize
        with self._values.open("rb") as stream:

            def read(channel: Channel, first: int, count: int) -> Values:
                dtype = LANDED[channel.value_type]
                place = places[channel.number] + first * dtype.itemsize
                return np.frombuffer(read_at(stream, place, count * dtype.itemsize), dtype)

            yield from column_blocks(self.channels, self.span_s, read)


def require(module: str, extra: str, title: str) -> None:
    """Refuse a log whose library is not installed.

    Raises:
        RefusedError: known_not_supported, with what to install.
    """
    if find_spec(module) is None:
        raise RefusedError(
            Reason.KNOWN_NOT_SUPPORTED, f'{title}: install its reader with pip install "simrace[{extra}]"'
        )
