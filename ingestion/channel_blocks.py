"""Copy the values of binary logs into `raw.channel_blocks` and out of it, bit for bit.

dlt has no arrays, and as text they would lose the bits of NaN, so this is binary COPY. What makes it safe to be killed
at any moment:

* Everything of one package is one transaction, committed before dlt has ended the package. So a package that is found
  after a kill has all its blocks, and the next run loads it.
* Rows carry the load of that package, and rows of a load that never completed are not read. Blocks whose package was
  lost stay behind in such a load; the next landing deletes them (`raw_tables.delete_lost_blocks`) and reads the files
  again.
* A package whose blocks are gone, because somebody else landed into the same warehouse meanwhile, is not loaded but
  taken back (`Loader.finish_pending`).
"""

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2 writes its classes small

from ingestion.formats.logs.log import Block, ValueType
from ingestion.raw_tables import IS_COMPLETE, VALUE_COLUMNS

PIECE_BYTES = 1 << 20
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_ROW = struct.Struct(">hiiiiiq")  # number of fields, then length and value of block, channel and first sample
_NULL = struct.pack(">i", -1)
_VALUES = tuple(VALUE_COLUMNS.values())
_COLUMNS = ("_dlt_load_id", "file_id", "block_number", "channel_number", "first_sample", *_VALUES)
_COPY = f"copy raw.channel_blocks ({', '.join(_COLUMNS)}) from stdin (format binary)"


@dataclass(frozen=True)
class _Kind:
    """How values of one type are written: identifier of the type in PostgreSQL, and an element as raw bits."""

    dtype: "np.dtype[Any]"
    column: str
    oid: int
    bits: str


_KINDS = {
    kind.dtype: kind
    for kind in (
        _Kind(np.dtype(np.float32), VALUE_COLUMNS[ValueType.FLOAT4], 700, "u4"),
        _Kind(np.dtype(np.float64), VALUE_COLUMNS[ValueType.FLOAT8], 701, "u8"),
        _Kind(np.dtype(np.int32), VALUE_COLUMNS[ValueType.INT4], 23, "u4"),
        _Kind(np.dtype(np.bool_), VALUE_COLUMNS[ValueType.BOOL], 16, "u1"),
    )
}


def copy_blocks(cursor: Cursor, load_id: str, file_id: str, blocks: Iterable[Block]) -> Exception | None:
    """Copy the blocks of one file, in the transaction of the cursor.

    Args:
        cursor: To the warehouse.
        load_id: Load that the file's other rows are in.
        file_id: SHA-256 of the file.
        blocks: Read while they are copied, so that one span of time is in memory.

    Returns:
        What reading the blocks raised. Then none of them is copied, and the transaction goes on.

    Raises:
        psycopg2.Error: the database did not take them.
    """
    pieces = _Pieces(_frames(load_id, file_id, blocks))
    cursor.execute("savepoint before_file")
    try:
        cursor.copy_expert(_COPY, pieces, PIECE_BYTES)
    except Exception:
        if pieces.error is None:
            raise
        cursor.execute("rollback to savepoint before_file")
    cursor.execute("release savepoint before_file")
    return pieces.error


def read_landed_blocks(cursor: Cursor, file_id: str) -> Iterator[Block]:
    """Read the blocks of one file as they were landed, ordered by block and then by channel, a span at a time.

    Raises:
        ValueError: a row holds no values, or not what an array looks like.
    """
    cursor.execute(
        f"select distinct block_number from raw.channel_blocks where file_id = %s and {IS_COMPLETE} order by 1",
        (file_id,),
    )
    for (number,) in cursor.fetchall():
        rows = io.BytesIO()
        where = cursor.mogrify("file_id = %s and block_number = %s", (file_id, number)).decode()
        cursor.copy_expert(
            f"copy (select block_number, channel_number, first_sample, {', '.join(_VALUES)} from raw.channel_blocks "
            f"where {where} and {IS_COMPLETE} order by channel_number) to stdout (format binary)",
            rows,
        )
        yield from _parsed(rows.getvalue())


def _parsed(data: bytes) -> Iterator[Block]:
    place = len(_SIGNATURE)
    while data[place : place + 2] != _END:
        block_number, channel_number, first_sample = _ROW.unpack_from(data, place)[2::2]
        place += _ROW.size
        values = None
        for kind in _KINDS.values():
            (length,) = struct.unpack_from(">i", data, place)
            place += 4
            if length >= 0:
                values = _values(kind, data, place)
                place += length
        if values is None:
            raise ValueError("a block without values")
        yield Block(channel_number, block_number, first_sample, values)


def _values(kind: _Kind, data: bytes, place: int) -> "np.ndarray[Any, Any]":
    dimensions, _, _, *shape = struct.unpack_from(">iii" + "ii" * struct.unpack_from(">i", data, place)[0], data, place)
    count = shape[0] if dimensions else 0
    elements = np.frombuffer(data, _element(kind.bits), count, place + 12 + 8 * dimensions)
    if not (elements["length"] == elements.dtype["bits"].itemsize).all():
        raise ValueError("a value that is null")
    return elements["bits"].astype(f"={kind.bits}").view(kind.dtype)


class _Pieces(io.RawIOBase):
    """A file for COPY to read from. psycopg2 drops an exception of `read`, so it is kept here."""

    def __init__(self, frames: Iterator[bytes]) -> None:
        self._frames = frames
        self.error: Exception | None = None

    def read(self, size: int = -1, /) -> bytes:
        pieces, length = [], 0
        try:
            while length < size and (frame := next(self._frames, None)) is not None:
                pieces.append(frame)
                length += len(frame)
        except Exception as error:
            self.error = error
            raise
        return b"".join(pieces)


def _frames(load_id: str, file_id: str, blocks: Iterable[Block]) -> Iterator[bytes]:
    """The rows as the binary format has them: a number of fields, and for each field its length and bytes."""
    begin = struct.pack(">h", len(_COLUMNS)) + _field(load_id.encode()) + _field(file_id.encode())
    yield _SIGNATURE
    for block in blocks:
        yield begin
        yield struct.pack(">iiiiiq", 4, block.block_number, 4, block.channel_number, 8, block.first_sample)
        kind = _KINDS[block.values.dtype.newbyteorder("=")]
        for column in _VALUES:
            yield _array(kind, block.values) if column == kind.column else _NULL
    yield _END


def _field(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data


def _array(kind: _Kind, values: "np.ndarray[Any, Any]") -> bytes:
    if not len(values):
        return _field(struct.pack(">iii", 0, 0, kind.oid))
    elements = np.empty(len(values), _element(kind.bits))
    elements["length"] = values.itemsize
    elements["bits"] = values.view(values.dtype.byteorder.replace("|", "=") + kind.bits)
    return _field(struct.pack(">iiiii", 1, 0, kind.oid, len(values), 1) + elements.tobytes())


@cache
def _element(bits: str) -> "np.dtype[Any]":
    return np.dtype([("length", ">i4"), ("bits", f">{bits}")])
