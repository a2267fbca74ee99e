"""The proof of a binary log is red as soon as one value, or one byte beside them, is another."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ingestion.formats.logs import iracing_ibt, log_formats
from simrace.database.connection import ConnectionParameters
from simrace.operations import log_proof
from simrace.operations.log_proof import Proof
from simrace.operations.verify import prove_bytes
from tests.ingestion.ibt import Variable, ibt
from tests.ingestion.test_landing import land, query, stage

EVERY_TYPE = tuple(Variable(kind, kind, 2) for kind in ("char", "bool", "int", "bits", "float", "double"))


def prove(database: ConnectionParameters) -> list[Proof]:
    stage(database)
    with closing(database.connect()) as connection:
        return [proof for _, proof in prove_bytes(connection)]


@pytest.fixture
def log(database: ConnectionParameters, tmp_path: Path) -> Path:
    (folder := tmp_path / "files").mkdir()
    file = folder / "drive.ibt"
    file.write_bytes(ibt(EVERY_TYPE, rest=b"cut", padding=b"\0pad", text=b"---\nA: Jos\xe9\n"))
    land(database, tmp_path, file)
    return file


def test_logs_are_rebuilt_from_what_is_landed(database: ConnectionParameters, tmp_path: Path, log: Path) -> None:
    log.with_name("other.ibt").write_bytes(ibt((Variable("OnTrack", "bool"),), data=bytes(range(250)) * 20))
    land(database, tmp_path, log.parent)
    assert prove(database) == [Proof.REBUILT] * 2


@pytest.mark.parametrize(
    "break_it",
    [
        "update raw.channel_blocks set float_values[500] = -float_values[500] where block_number = 2 "
        "and float_values is not null and channel_number = 9",
        "update raw.channel_blocks set float_values = null where block_number = 2 and channel_number = 9",
        "update raw.channel_blocks set float_values = float_values[:500] where block_number = 2 and channel_number = 9",
        "update raw.channel_blocks set float_values[500] = null where block_number = 2 and channel_number = 9",
        "update raw.channel_blocks set boolean_values[3] = not boolean_values[3] where channel_number = 3",
        "delete from raw.channel_blocks where block_number = 2",
        "delete from raw.channel_blocks where channel_number = 4",
        "delete from raw.file_channels where channel_number = 4",
        "update raw.file_channels set details = 'null' where channel_number = 4",
        "delete from raw.file_documents where document_name = 'header'",
        "delete from raw.file_documents where document_name = 'rest'",
        "update raw.file_documents set data = data || '\\x00' where document_name = 'session_info'",
        "update raw.file_documents set content = '{}' where document_name = 'header'",
    ],
)
@pytest.mark.usefixtures("log")
def test_what_is_broken_differs(database: ConnectionParameters, break_it: str) -> None:
    query(database, break_it)
    assert prove(database) == [Proof.DIFFERS]


def test_where_nothing_can_be_rebuilt_every_value_is_read_again(
    database: ConnectionParameters, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = replace(iracing_ibt.FORMAT, rebuild=None)
    monkeypatch.setattr(log_proof, "log_formats", lambda: [foreign, *log_formats()])
    assert prove(database) == [Proof.READ_AGAIN]
    query(database, "update raw.channel_blocks set integer_values[7] = 7 - integer_values[7] where channel_number = 5")
    assert prove(database) == [Proof.DIFFERS]
    log.rename(log.with_name("away.ibt"))
    assert prove(database) == [Proof.NO_ORIGINAL]
