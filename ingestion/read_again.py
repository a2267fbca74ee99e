"""Read texts again that an older declaration read: their bytes are in the warehouse, and their channels come of them.

Each file is one transaction, so that whoever is killed here leaves it as it was or as it is to be.
"""

import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.sql import SQL, Identifier, Placeholder

from ingestion.formats.identify import formats, read_as
from ingestion.formats.kinds import TableFormat
from ingestion.log_rows import log_rows
from ingestion.raw_tables import CHANNEL_BLOCKS_TABLE, IS_COMPLETE, relation_exists
from ingestion.reading import RefusedError, read_content

_TABLES = ("channel_blocks", "file_channels", "file_documents")


@dataclass(frozen=True)
class OlderReading:
    """A landed text that is as an older declaration read it.

    Attributes:
        file_id: SHA-256 of its bytes.
        source_format: Its format.
        encoding: Of its bytes.
        has_bom: Whether they begin with a byte order mark.
        load_id: Load that its rows are in.
    """

    file_id: str
    source_format: str
    encoding: str
    has_bom: bool
    load_id: str


def older_readings(connection: Connection) -> list[OlderReading]:
    """The texts whose format is declared otherwise than when they were read.

    Raises:
        DeclarationError: a declaration cannot be understood.
    """
    read = {known.name: known.reading_hash for known in formats() if isinstance(known, TableFormat) and known.reading}
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, "raw.files") or not relation_exists(cursor, "raw._dlt_loads"):
            return []
        cursor.execute(
            "select distinct on (file_id) file_id, source_format, encoding, has_bom, _dlt_load_id from raw.files "
            "inner join unnest(%s::text[], %s::text[]) as declared (name, hash) on source_format = name "
            f"where reading_hash is distinct from hash and {IS_COMPLETE} order by file_id, _dlt_id",
            (list(read), list(read.values())),
        )
        return [OlderReading(*row) for row in cursor]


def read_again(connection: Connection) -> None:
    """Read these texts as they are declared now.

    What cannot be read so stays as it was, and `older_readings` still names it. Of what `simrace retain` let go there
    is no text any more.

    Raises:
        DeclarationError: a declaration cannot be understood.
    """
    known = {each.name: each for each in formats() if isinstance(each, TableFormat)}
    for older in older_readings(connection):
        with tempfile.TemporaryDirectory() as folder, connection, connection.cursor() as cursor:
            file = Path(folder, "text")
            _write(connection, older, file)
            try:
                _replace(cursor, older, known[older.source_format], file)
            except RefusedError:
                connection.rollback()


def _write(connection: Connection, older: OlderReading, file: Path) -> None:
    """Write the bytes of a file as they were landed."""
    with file.open("wb") as stream, connection.cursor(name="blocks") as blocks:
        blocks.itersize = 8
        blocks.execute(
            "select distinct on (block_number) lines from raw.file_blocks "
            f"where file_id = %s and {IS_COMPLETE} order by block_number, _dlt_id",
            (older.file_id,),
        )
        stream.write("\ufeff".encode(older.encoding) if older.has_bom else b"")
        for (lines,) in blocks:
            stream.write(lines.encode(older.encoding))


def _replace(cursor: Cursor, older: OlderReading, known: TableFormat, file: Path) -> None:
    from ingestion.channel_blocks import copy_blocks  # numpy, which no other text needs

    content = read_content(file)
    if content.file_id != older.file_id:  # its lines were let go
        return
    identity = read_as(content, known)
    if identity.log is None:
        return
    for table in _TABLES:
        cursor.execute(SQL("delete from raw.{} where file_id = %s").format(Identifier(table)), (older.file_id,))
    for table, row in log_rows(identity.log, content):
        if table == CHANNEL_BLOCKS_TABLE:
            stream = row["stream"]
            stream.error = copy_blocks(cursor, older.load_id, older.file_id, stream.blocks)
        else:
            own = {**row, "_dlt_load_id": older.load_id, "_dlt_id": secrets.token_urlsafe(10)}
            names, values = map(Identifier, own), map(Placeholder, own)
            statement = SQL("insert into raw.{} ({}) values ({})")
            cursor.execute(
                statement.format(Identifier(table), SQL(", ").join(names), SQL(", ").join(values)),
                own,
            )
    cursor.execute(
        "update raw.files set reading_hash = %s, delimiter = %s, entry_count = %s where file_id = %s",
        (identity.reading_hash, identity.delimiter, identity.entry_count, older.file_id),
    )
