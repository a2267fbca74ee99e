"""Binary logs land bit for bit, whatever happens meanwhile; the format here is made up."""

import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingestion import landing, log_rows, raw_tables
from ingestion.formats.logs.log import (
    Block,
    Channel,
    Log,
    LogFormat,
    ValueType,
    as_document,
    read_exactly,
    span_s,
)
from ingestion.loading import Loader, Pending
from ingestion.outcomes import State
from ingestion.raw_tables import delete_lost_blocks
from ingestion.reading import LandingError, Reason, RefusedError
from simrace.database.connection import ConnectionParameters
from tests.ingestion.test_landing import GARAGE61, ROW, land, loader_to, query, stage

MAGIC = b"\0TINY"
TYPES = {ValueType.FLOAT4: "<f4", ValueType.FLOAT8: "<f8", ValueType.INT4: "<i4", ValueType.BOOL: "?"}
NAN32, NAN64 = 0x7FA12345, 0x7FF0_0000_DEAD_BEEF  # signalling, with a payload: text and casts lose it
SAMPLES = 2_500


def values_of(value_type: ValueType) -> "np.ndarray[tuple[int], np.dtype[np.generic]]":
    """Samples of each type, with those that are easily spoilt in front."""
    made = {
        ValueType.FLOAT4: np.linspace(-1, 1, SAMPLES, dtype="<f4"),
        ValueType.FLOAT8: np.linspace(-1, 1, SAMPLES, dtype="<f8"),
        ValueType.INT4: np.arange(SAMPLES, dtype="<u4") + 0xFFFF_FFF0,
        ValueType.BOOL: np.arange(SAMPLES) % 3 == 0,
    }[value_type]
    if value_type is ValueType.FLOAT4:
        made.view("<u4")[:2] = (NAN32, 0x8000_0000)
        made[2:4] = (np.inf, -np.inf)
    if value_type is ValueType.FLOAT8:
        made.view("<u8")[:2] = (NAN64, 1 << 63)
        made[2:4] = (np.inf, -np.inf)
    return made.view("<i4") if value_type is ValueType.INT4 else made


def tiny(text: bytes = b"hello", ends: bytes = b"") -> bytes:
    """A log of one channel a type, each after the other, and one without samples."""
    return MAGIC + struct.pack("<i", len(text)) + text + b"".join(values_of(kind).tobytes() for kind in TYPES) + ends


class TinyLog(Log):
    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        self._path, self._at = path, 9 + struct.unpack_from("<i", data, 5)[0]
        self.span_s = span_s(60)
        self.documents = [as_document("note", data[9 : self._at], 9, {"bad": [float("nan"), 1 << 70, "a\0\ud800"]})]
        self.channels = [
            Channel(number, "Name", "m/s", "", kind, 60.0, SAMPLES, None, {"type": str(kind)})
            for number, kind in enumerate(TYPES, 1)
        ]
        self.channels.append(Channel(5, "Empty", "", "", ValueType.FLOAT4, None, 0, 1, {}))
        if data.endswith(b"refuse"):
            raise RefusedError(Reason.MALFORMED, "a header that says so")

    def blocks(self) -> Iterator[Block]:
        size = 60 * self.span_s
        with self._path.open("rb") as stream:
            for block, first in enumerate(range(0, SAMPLES, size), 1):
                position = self._at
                for channel in self.channels[:4]:
                    kind = np.dtype(TYPES[channel.value_type])
                    stream.seek(position + first * kind.itemsize)
                    count = min(size, SAMPLES - first)
                    values = np.frombuffer(read_exactly(stream, count * kind.itemsize), kind)
                    yield Block(channel.number, block, first, values)
                    position += SAMPLES * kind.itemsize
                if block == 2 and self._path.read_bytes().endswith(b"broken"):
                    raise RefusedError(Reason.MALFORMED, "a block that cannot be read")
        yield Block(5, 1, 0, np.empty(0, "<f4"))


@pytest.fixture(autouse=True)
def tiny_format(monkeypatch: pytest.MonkeyPatch) -> None:
    made = LogFormat("tiny", lambda head: head.startswith(MAGIC), TinyLog, None)
    monkeypatch.setattr(landing, "find_log_format", lambda head: made if made.matches(head) else None)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "files" / "drive.tiny"
    file.parent.mkdir()
    file.write_bytes(tiny())
    return file


def landed_values(database: ConnectionParameters, column: str, send: str) -> bytes:
    """The values of a column in order, as bits."""
    return b"".join(
        bytes(row[0])  # type: ignore[call-overload]
        for row in query(
            database,
            f"select {send}(value) from staging.stg_files__channel_blocks as blocks, "
            f"unnest({column}) with ordinality as each (value, place) order by first_sample, place",
        )
    )


def test_every_value_lands_bit_for_bit(database: ConnectionParameters, tmp_path: Path, log: Path) -> None:
    [outcome] = land(database, tmp_path, log)
    assert (outcome.state, outcome.source_format) == (State.LANDED, "tiny")
    stage(database)
    columns = {
        ValueType.FLOAT4: ("float_values", "float4send"),
        ValueType.FLOAT8: ("double_values", "float8send"),
        ValueType.INT4: ("integer_values", "int4send"),
        ValueType.BOOL: ("boolean_values", "boolsend"),
    }
    for kind, (column, send) in columns.items():
        expected = values_of(kind)
        bits = expected.view(f"<u{expected.itemsize}").astype(f">u{expected.itemsize}").tobytes()
        assert landed_values(database, column, send) == bits, column
    blocks = query(
        database,
        "select block_number, channel_number, first_sample, "
        "num_nonnulls(float_values, double_values, integer_values, boolean_values) "
        "from staging.stg_files__channel_blocks order by 1, 2",
    )
    assert blocks == [
        *((block, channel, (block - 1) * 960, 1) for block in (1, 2, 3) for channel in range(1, 5 + (block == 1)))
    ]
    assert query(database, "select float_values from raw.channel_blocks where channel_number = 5") == [([],)]


def test_channels_and_documents_land_with_the_file(database: ConnectionParameters, tmp_path: Path, log: Path) -> None:
    land(database, tmp_path, log)
    stage(database)
    assert query(
        database,
        "select channel_number, channel_name, unit, value_type, sample_rate_hz, sample_count, times_channel, "
        "samples_per_block, details ->> 'type' from staging.stg_files__channels order by 1",
    ) == [
        *(
            (number, "Name", "m/s", str(kind), 60, SAMPLES, None, 960, str(kind))
            for number, kind in enumerate(TYPES, 1)
        ),
        (5, "Empty", "", "float4", None, 0, 1, None, None),
    ]
    assert query(
        database,
        "select document_name, position, original, data, content from staging.stg_files__file_documents",
    ) == [("note", 9, "hello", None, {"bad": ["nan", str(1 << 70), "a\ufffd\\ud800"]})]
    assert query(
        database, "select encoding, has_bom, newline, line_count, entry_count, delimiter, header_line from raw.files"
    ) == [("binary", False, "none", 0, 4 * SAMPLES, None, None)]


def test_bytes_that_are_no_text_are_kept_as_bytes(database: ConnectionParameters, tmp_path: Path, log: Path) -> None:
    for number, text in enumerate((b"caf\xe9 '\\", b"nul\0", bytes(range(256)))):
        log.with_name(f"{number}.tiny").write_bytes(tiny(text))
    land(database, tmp_path, log.parent)
    kept = query(database, "select original, data from raw.file_documents order by octet_length(data)")
    assert [text for text, _ in kept] == [None, None, None, "hello"]
    assert [bytes(data) for _, data in kept[:3]] == [b"nul\0", b"caf\xe9 '\\", bytes(range(256))]  # type: ignore[call-overload]


def test_a_second_landing_adds_nothing(database: ConnectionParameters, tmp_path: Path, log: Path) -> None:
    land(database, tmp_path, log)
    [outcome] = land(database, tmp_path, log)
    assert outcome.state is State.ALREADY_LANDED
    assert query(database, "select count(*) from raw.channel_blocks") == [(13,)]


def test_a_log_that_breaks_in_the_middle_leaves_nothing_and_keeps_nobody_out(
    database: ConnectionParameters, tmp_path: Path, log: Path
) -> None:
    log.with_name("a.tiny").write_bytes(tiny(ends=b"broken"))
    log.with_name("z.tiny").write_bytes(tiny(ends=b"refuse"))
    outcomes = land(database, tmp_path, log.parent)
    assert [outcome.state for outcome in outcomes] == [State.REFUSED, State.LANDED, State.REFUSED]
    for table in ("channel_blocks", "file_channels", "file_documents", "files"):
        assert query(database, f"select distinct file_id from raw.{table}") == [(outcomes[1].file_id,)], table
    assert query(database, "select count(*) from raw.channel_blocks") == [(13,)]
    assert len(list((tmp_path / "home" / "refused").iterdir())) == 2


def test_a_log_that_changes_while_it_is_read_is_left_out(
    database: ConnectionParameters, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = log.with_name("a.tiny")
    growing.write_bytes(tiny(b"other"))
    digest = log_rows.file_digest

    def grow(path: Path) -> str:
        if path == growing:
            with growing.open("ab") as stream:
                stream.write(b"more")
        return digest(path)

    monkeypatch.setattr(log_rows, "file_digest", grow)
    refused, landed = land(database, tmp_path, log.parent)
    assert refused.refusal is not None
    assert (refused.refusal.reason, landed.state) == (Reason.UNREADABLE, State.LANDED)
    assert query(database, "select distinct file_id from raw.channel_blocks") == [(landed.file_id,)]


def test_blocks_whose_package_was_lost_are_not_read_and_are_deleted(
    database: ConnectionParameters, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Loader, "load", lambda *_: (_ for _ in ()).throw(LandingError("killed")))
        with pytest.raises(LandingError):
            land(database, tmp_path, log)
    assert query(database, "select count(*) from raw.channel_blocks") == [(13,)]
    loader_to(database, tmp_path).pipeline.abort_packages()
    [outcome] = land(database, tmp_path, log)
    assert outcome.state is State.LANDED
    stage(database)
    assert query(database, "select count(*), count(distinct _dlt_load_id) from raw.channel_blocks") == [(13, 1)]
    assert query(database, "select count(*) from staging.stg_files__channel_blocks") == [(13,)]


def test_a_pending_package_goes_on_with_its_blocks(
    database: ConnectionParameters, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Loader, "load", lambda *_: (_ for _ in ()).throw(LandingError("killed")))
        with pytest.raises(LandingError):
            land(database, tmp_path, log)
    [outcome] = land(database, tmp_path, log)
    assert outcome.state is State.ALREADY_LANDED
    assert query(database, "select count(*) from raw.channel_blocks") == [(13,)]


def test_a_pending_package_without_its_blocks_is_taken_back(
    database: ConnectionParameters, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Loader, "load", lambda *_: (_ for _ in ()).throw(LandingError("killed")))
        with pytest.raises(LandingError):
            land(database, tmp_path, log)
    with closing(database.connect()) as connection:
        delete_lost_blocks(connection)  # as somebody else's landing does, from another computer
        assert loader_to(database, tmp_path).finish_pending(connection) is Pending.TAKEN_BACK
    [outcome] = land(database, tmp_path, log)
    assert outcome.state is State.LANDED
    assert query(database, "select count(*) from raw.channel_blocks") == [(13,)]


def test_a_warehouse_of_an_older_version_gets_the_tables_of_logs(
    database: ConnectionParameters, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write_text(GARAGE61 + ROW)
    with monkeypatch.context() as patch:
        patch.delitem(raw_tables._COLUMNS, "file_channels")
        patch.delitem(raw_tables._COLUMNS, "file_documents")
        patch.setattr(landing, "make_own_tables", lambda _: None)
        patch.setattr(landing, "land_declarations", lambda _: None)
        patch.setattr(landing, "delete_lost_blocks", lambda _: None)
        land(database, tmp_path, log)
    assert query(database, "select to_regclass('raw.file_channels'), to_regclass('raw.channel_blocks')") == [
        (None, None)
    ]
    [outcome] = land(database, tmp_path, log)
    assert outcome.state is State.ALREADY_LANDED
    for table in ("file_channels", "file_documents", "channel_blocks"):
        assert query(database, f"select count(*) from raw.{table}") == [(0,)]
