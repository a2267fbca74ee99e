"""What tests of binary logs share: all values of a log, and whether it gives its file back."""

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingestion.formats.logs.log import Block, Log, LogFormat
from ingestion.log_rows import as_json
from ingestion.reading import RefusedError, file_digest

ODD = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\x80",
    b"\x01\0\0\0",
    b"\0\0\xc0\x7f",
    b"\x40\0\0\0",
)


def values_of(log: Log) -> dict[int, list[float]]:
    """All values by the number of their channel; the blocks are in order and without gaps, and the rest is JSON."""
    found: dict[int, list[np.ndarray]] = {channel.number: [] for channel in log.channels}
    before = (0, 0)
    for block in log.blocks():
        assert (block.block_number, block.channel_number) > before
        before = (block.block_number, block.channel_number)
        assert block.first_sample == sum(map(len, found[block.channel_number]))
        assert len(block.values)
        found[block.channel_number].append(block.values)
    as_json([[channel.details for channel in log.channels], [document.content for document in log.documents]])
    values = {number: np.concatenate(parts).tolist() if parts else [] for number, parts in found.items()}
    assert {channel.number: channel.sample_count for channel in log.channels} == {
        number: len(found) for number, found in values.items()
    }
    return values


def is_rebuilt(log_format: LogFormat, path: Path, change: Callable[[list[Block]], object] = lambda _: None) -> bool:
    """Whether what is read of a file gives the file, to the byte."""
    log = log_format.open(path)
    assert log_format.rebuild
    blocks = list(log.blocks())
    change(blocks)
    digest = hashlib.sha256()
    for piece in log_format.rebuild(log.channels, log.documents, blocks):
        digest.update(piece)
    return digest.hexdigest() == file_digest(path)


def fuzz(log_format: LogFormat, whole: bytes, folder: Path, examples: int) -> Counter[str]:
    """Read damaged copies of a log; how many are read, and how many are refused for which reason.

    Args:
        log_format: Of the log.
        whole: A small one.
        folder: Where each copy is written, in place of the one before.
        examples: Number of copies.

    Raises:
        AssertionError: what was read is not the file.
    """
    verdicts: Counter[str] = Counter()
    path = folder / "damaged"
    edit = st.tuples(st.integers(0, len(whole) - 1), st.one_of(st.sampled_from(ODD), st.binary(min_size=1, max_size=4)))

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(edits=st.lists(edit, min_size=1, max_size=6), length=st.one_of(st.none(), st.integers(1, len(whole))))
    def read(edits: list[tuple[int, bytes]], length: int | None) -> None:
        data = bytearray(whole)
        for place, odd in edits:
            data[place : place + len(odd)] = odd
        path.write_bytes(data[:length])
        try:
            values_of(log_format.open(path))
        except RefusedError as refusal:
            verdicts[refusal.reason] += 1
            return
        verdicts["lands"] += 1
        assert log_format.rebuild is None or is_rebuilt(log_format, path)

    run: Callable[[], None] = read
    run()
    return verdicts
