"""What the loader says about files, without a database: identify and read, in a process that can be measured."""

import json
import re
import sys
import time
from pathlib import Path

from ingestion.formats.identify import identify, refuse_binary
from ingestion.formats.lines import QuotingObserver
from ingestion.formats.logs import find_log_format
from ingestion.formats.not_read_yet import HEAD_BYTES
from ingestion.paths import expand
from ingestion.reading import RefusedError, file_digest, read_blocks, read_content
from ingestion.sources import Source, open_sources
from tests.bad_input.corpus import LANDS
from tests.ingestion.logs import is_rebuilt, values_of


def verdict(source: Source) -> str:
    """LANDS or the reason, as landing goes about it.

    Raises:
        AssertionError: the blocks joined are not the file, or PostgreSQL would not take them.
    """
    try:
        if source.problem:
            raise source.problem
        with source.local.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        if log_format := find_log_format(head):
            values_of(log_format.open(source.local))
            assert log_format.rebuild is None or is_rebuilt(log_format, source.local)
            return LANDS
        refuse_binary(head)
        content = read_content(source.local)
        identity = identify(content)
    except RefusedError as refusal:
        return str(refusal.reason)
    if identity.log:
        values_of(identity.log)
    layout = identity.layout
    observer = QuotingObserver(identity.delimiter or ",", layout.first_data_line or 1 if layout else 1)
    size = len("\ufeff".encode(content.encoding)) if content.has_bom else 0
    lines = 0
    for block in read_blocks(content):
        observer.observe(block)
        text = str(block["lines"])
        assert "\0" not in text
        size += len(text.encode(content.encoding))
        lines += int(str(block["line_count"]))
    assert size == content.file_bytes
    assert lines == content.line_count
    assert file_digest(content.path) == content.file_id
    assert observer.quoting in ("none", "all", "mixed")
    return LANDS


def peak_mb() -> float:
    """Peak memory of this process in MB; 0 if the system does not tell (getrusage begins with the parent's)."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) / 1_000 if found else 0


def main(folder: str) -> None:
    """Read all of a folder and print, as JSON, verdicts by path, the slowest file and the peak of memory."""
    verdicts: list[tuple[str, str]] = []
    slowest, slowest_s, started = "", 0.0, time.monotonic()
    for source in open_sources(expand([folder])):
        verdicts.append((source.file_path, verdict(source)))
        ended = time.monotonic()
        if ended - started > slowest_s:
            slowest, slowest_s = source.file_path, ended - started
        started = ended
    found = {"verdicts": verdicts, "slowest": slowest, "slowest_s": slowest_s, "peak_mb": peak_mb()}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
