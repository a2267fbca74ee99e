"""Prove that what is landed is what the files were: rebuild the bytes and compare their hash."""

import codecs
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

_MARKS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


@dataclass(frozen=True)
class Proof:
    """One file rebuilt.

    Attributes:
        file_id: SHA-256 of the bytes that were landed.
        is_same: Whether the bytes rebuilt have that hash.
    """

    file_id: str
    is_same: bool


def prove_bytes(connection: Connection, on_bytes: Callable[[int], object] = lambda _: None) -> Iterator[Proof]:
    """Rebuild every landed file from its blocks, block by block, and compare.

    Args:
        connection: To the warehouse.
        on_bytes: Called with the number of bytes of each block.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("select file_id, encoding, has_bom from staging.stg_files__files order by file_id")
        files = cursor.fetchall()
    for file_id, encoding, has_bom in files:
        digest = hashlib.sha256(_MARKS[encoding] if has_bom else b"")
        with connection, connection.cursor(name="blocks") as blocks:
            blocks.itersize = 8
            blocks.execute(
                "select lines from staging.stg_files__blocks where file_id = %s order by block_number", (file_id,)
            )
            for (lines,) in blocks:
                piece = lines.encode(encoding)
                digest.update(piece)
                on_bytes(len(piece))
        yield Proof(file_id, digest.hexdigest() == file_id)
