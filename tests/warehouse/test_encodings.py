"""A log that does not say which session it is of is known by its text, whatever the encoding and the line ends."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from simrace.generator.acc_telemetry import write_acc
from simrace.generator.catalogue import KESTREL, MERLIN, SALTMARSH
from simrace.generator.garage61 import write_garage61
from simrace.generator.session import Driver, Session
from tests.conftest import NO_TESTS, Warehouse

DRIVER, STARTED_AT = Driver("Kester Jelvik", 0.95), datetime(2025, 3, 22, 20, 5, tzinfo=UTC)


def write_log(folder: Path, source_format: str) -> bytes:
    if source_format == "acc_motec_csv":
        [path] = write_acc(folder, Session(SALTMARSH, MERLIN, DRIVER, 1, (1, 1)), STARTED_AT, clock_jump=False)
    else:
        [path] = write_garage61(folder, Session(SALTMARSH, KESTREL, DRIVER, 1, (1, 2)), STARTED_AT, old=True)
    return path.read_bytes()


@pytest.mark.parametrize("source_format", ["acc_motec_csv", "garage61_csv"])
def test_copies_of_a_log_are_one_session(warehouse: Warehouse, tmp_path: Path, source_format: str) -> None:
    """Built in part in a new database of a server that has the reader's role: no schema marts is there to read."""
    other = warehouse.other(source_format)
    text = write_log(tmp_path, source_format).decode().replace("\r\n", "\n")
    files = other.folder / "files"
    files.mkdir()
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (files / f"{encoding}.csv").write_bytes(text.encode(encoding))
        (files / f"{encoding}_crlf.csv").write_bytes(text.replace("\n", "\r\n").encode(encoding))
    other.run("simrace", "land", files)
    other.run("dbt", "build", "--select", "+int_telemetry_session_files", *NO_TESTS)
    found = other.query("select session_id, is_used from intermediate.int_telemetry_session_files")
    assert sorted(is_used for _, is_used in found) == [False] * 5 + [True]
    assert len({session_id for session_id, _ in found}) == 1
