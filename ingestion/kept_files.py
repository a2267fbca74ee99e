"""Files that were let go from a database and kept as Parquet: simrace writes them, and opens them as it opens a .zip.

A row is a piece of a file, and the pieces of a file follow each other in order. The file is its pieces put together.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ingestion.reading import Reason, RefusedError

if TYPE_CHECKING:
    import pyarrow as pa

_MARK = {b"simrace": b"kept files, 1"}
PIECE_BYTES = 4 << 20
GROUP_BYTES = 16 << 20  # of one row group, which is what is in memory at a time
_GROUP_AT_MOST = 8 * GROUP_BYTES  # in a file that we wrote; more is meant to fill the memory


class KeptFile(NamedTuple):
    """One file.

    Attributes:
        file_id: SHA-256 of its bytes.
        file_name: Its name when it was landed.
        source_format: What it was recognised as.
        modified_at: When it was last changed.
        session_ids: Sessions that were made of it.
    """

    file_id: str
    file_name: str
    source_format: str
    modified_at: datetime
    session_ids: list[str]


def _schema() -> "pa.Schema":
    import pyarrow as pa  # here, because most runs need none of it

    return pa.schema(
        {
            "file_id": pa.string(),
            "file_name": pa.string(),
            "source_format": pa.string(),
            "modified_at": pa.timestamp("us", tz="UTC"),
            "session_ids": pa.list_(pa.string()),
            "piece": pa.int32(),
            "data": pa.binary(),
        },
        metadata=_MARK,
    )


def write_kept(path: Path, files: Iterable[tuple[KeptFile, Iterable[bytes]]]) -> None:
    """Write files, in memory of a few pieces.

    Args:
        path: Of the Parquet file; it is replaced.
        files: Each with its bytes, piece by piece.
    """
    import pyarrow as pa
    from pyarrow import parquet

    schema = _schema()
    rows: list[dict[str, object]] = []
    held = 0
    with parquet.ParquetWriter(path, schema, compression="zstd", use_dictionary=False) as writer:
        for file, pieces in files:
            for number, data in enumerate(_of_size(pieces)):
                rows.append({**file._asdict(), "piece": number, "data": data})
                held += len(data)
                if held >= GROUP_BYTES:
                    writer.write_table(pa.Table.from_pylist(rows, schema))
                    rows, held = [], 0
        writer.write_table(pa.Table.from_pylist(rows, schema))


def _of_size(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= PIECE_BYTES:
            yield bytes(held[:PIECE_BYTES])
            del held[:PIECE_BYTES]
    if held:
        yield bytes(held)


def is_kept(path: Path, start: bytes) -> bool:
    """Whether a file is one that `write_kept` wrote; `start` is its first two bytes."""
    if start != b"PA":
        return False
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return (parquet.read_schema(path).metadata or {}).items() >= _MARK.items()
    except (pa.ArrowException, OSError):
        return False


def read_kept(path: Path) -> Iterator[tuple[KeptFile, bytes]]:
    """The pieces of files, in order.

    Raises:
        RefusedError: it is damaged, or not what `write_kept` writes.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as stored:
            if not stored.schema_arrow.equals(_schema()):
                raise RefusedError(Reason.MALFORMED, "its columns are not those of kept files")
            for number in range(stored.num_row_groups):
                if stored.metadata.row_group(number).total_byte_size > _GROUP_AT_MOST:
                    raise RefusedError(Reason.TOO_LARGE, "a row group larger than simrace writes")
                for row in stored.read_row_group(number).to_pylist():
                    data = row.pop("data")
                    row.pop("piece")
                    yield KeptFile(**row), data
    except (pa.ArrowException, OSError) as error:
        raise RefusedError(Reason.MALFORMED, " ".join(str(error).split())) from error


def kept_whole(path: Path) -> set[str]:
    """The file_id of each file whose bytes are there and have that hash.

    Raises:
        RefusedError: it is damaged.
    """
    whole: set[str] = set()
    now, digest = "", hashlib.sha256()
    for file, data in read_kept(path):
        if file.file_id != now:
            now, digest = file.file_id, hashlib.sha256()
        digest.update(data)
        if digest.hexdigest() == now:
            whole.add(now)
        else:
            whole.discard(now)
    return whole
