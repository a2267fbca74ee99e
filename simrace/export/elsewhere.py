"""Write a file to an address: it is made on this disk, and sent when it is whole."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestion.remote import is_remote, send
from simrace.export.tables import ExportError


@contextmanager
def place_of(name: str) -> Iterator[Path]:
    """A path to write to, for a path or an address; an object there is replaced only when all went well.

    Args:
        name: Path of a file, or an address such as s3://bucket/laps.parquet.

    Raises:
        ExportError: it cannot be sent.
    """
    if not is_remote(name):
        yield Path(name)
        return
    with tempfile.TemporaryDirectory(prefix="simrace-") as folder:
        file = Path(folder) / name.rstrip("/").rpartition("/")[2]
        yield file
        if problem := send(file, name):
            raise ExportError(f"{name} cannot be written: {problem}")
