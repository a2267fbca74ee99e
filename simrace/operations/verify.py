"""Prove that what is landed is what the files were: rebuild the bytes and compare their hash."""

import codecs
import hashlib
from collections.abc import Callable, Iterator

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.raw_tables import relation_exists
from ingestion.reading import BINARY
from simrace.operations.log_proof import Proof, prove_log

_MARKS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


def prove_bytes(
    connection: Connection, on_bytes: Callable[[int], object] = lambda _: None
) -> Iterator[tuple[str, Proof]]:
    """Rebuild every landed file from its blocks, block by block, and compare.

    Args:
        connection: To the warehouse.
        on_bytes: Called with the number of bytes of each block.

    Yields:
        The SHA-256 of the bytes that were landed, and what the proof came to.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("select file_id, source_format, encoding, has_bom from ops.landed_files order by file_id")
        files = cursor.fetchall()
        let_go = set()
        if relation_exists(cursor, "ops.retired"):
            cursor.execute("select file_id from ops.retired")
            let_go = {row[0] for row in cursor}
    for file_id, source_format, encoding, has_bom in files:
        if encoding == BINARY:
            with connection, connection.cursor() as cursor:
                proof = prove_log(cursor, file_id, source_format, on_bytes)
        else:
            proof = _prove_text(connection, file_id, encoding, has_bom, on_bytes)
        yield file_id, Proof.LET_GO if proof is Proof.DIFFERS and file_id in let_go else proof


def _prove_text(
    connection: Connection, file_id: str, encoding: str, has_bom: bool, on_bytes: Callable[[int], object]
) -> Proof:
    digest = hashlib.sha256()
    for piece in rebuild_text(connection, file_id, encoding, has_bom):
        digest.update(piece)
        on_bytes(len(piece))
    return Proof.REBUILT if digest.hexdigest() == file_id else Proof.DIFFERS


def rebuild_text(connection: Connection, file_id: str, encoding: str, has_bom: bool) -> Iterator[bytes]:
    """The bytes of a text from its blocks, in a transaction of its own."""
    yield _MARKS[encoding] if has_bom else b""
    with connection, connection.cursor(name="blocks") as blocks:
        blocks.itersize = 8
        blocks.execute("select lines from ops.landed_blocks where file_id = %s order by block_number", (file_id,))
        for (lines,) in blocks:
            yield lines.encode(encoding)
