"""Write rows to the schema `raw` with dlt: first to a package on disk, then into the database.

Importing dlt takes a second, so this module imports it only when there is something to load.
"""

import os
import secrets
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg2.errors import UniqueViolation
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.disk import clear_unfinished, tell_full_disk
from ingestion.raw_tables import (
    BLOCKS_TABLE,
    CHANNEL_BLOCKS_TABLE,
    CHANNELS_TABLE,
    DATASET,
    are_complete,
    columns_of,
    delete_loads,
    have_blocks,
    raw_schema,
    tune_tables,
)
from ingestion.reading import ChangedWhileReadError, LandingError
from ingestion.settings import HOME_VARIABLE

if TYPE_CHECKING:
    import dlt

    from ingestion.formats.logs.log import Block

Row = tuple[str, dict[str, Any]]  # table and columns

ROWS_AT_ONCE = 500
BLOCK_FILE_CHARACTERS = 32 << 20  # the server compresses what comes over one connection on one core
CONNECTIONS = 4
_PENDING = ("normalize/extracted/*", "load/normalized/*")  # where dlt keeps packages

# Set by environment variables, because other ways to configure dlt start it first, and it then reports its use.
# Its log is off, because simrace reports failures itself.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")


class Pending(StrEnum):
    """What became of packages that were pending."""

    NONE = "none"
    LOADED = "loaded"
    TAKEN_BACK = "taken back"


@dataclass
class BlockStream:
    """Blocks of the channels of one file, which are copied while they are read.

    Attributes:
        file_id: SHA-256 of the file.
        blocks: The blocks.
        error: What reading them raised; then none of them is copied.
    """

    file_id: str
    blocks: Iterator["Block"]
    error: Exception | None = None


class Loader:
    """Loads rows into one warehouse.

    Attributes:
        folder: dlt's working folder.
    """

    def __init__(self, home: Path, url: str, name: str) -> None:
        """Remember which warehouse; nothing is opened yet.

        Args:
            home: Folder for dlt's working files.
            url: Address of the database, with password.
            name: Distinguishes this warehouse from others in the same home.
        """
        self._parent, self._url, self._name = home / "dlt", url, f"simrace_{name}"
        self.folder = self._parent / self._name

    @cached_property
    def pipeline(self) -> "dlt.Pipeline":
        """The dlt pipeline.

        Raises:
            LandingError: its folder cannot be made.
        """
        settings = {
            # Delete packages once they are loaded: a copy on disk would outlive `simrace forget`.
            "load.delete_completed_jobs": True,
            # No retries by dlt: `simrace.database.retry` knows which faults pass.
            "load.raise_on_max_retries": 1,
            # compressing takes longer than loading
            "normalize.data_writer.disable_compression": True,
            "data_writer.disable_compression": True,
        }
        try:
            self._parent.mkdir(parents=True, exist_ok=True)
            self._parent.chmod(0o700)  # the folder holds the text of files while a load is under way
        except OSError as error:
            raise LandingError(
                f"{self._parent} cannot be written to: {error.strerror}. "
                f"Set {HOME_VARIABLE} to a folder that you can write to, on a disk with room."
            ) from error
        with _without_streamlit():
            import dlt

            for key, value in settings.items():
                dlt.config[key] = value
            return dlt.pipeline(
                pipeline_name=self._name,
                pipelines_dir=str(self._parent),
                destination=dlt.destinations.postgres(self._url),
                dataset_name=DATASET,
            )

    def finish_pending(self, connection: Connection) -> Pending:
        """Load what an interrupted run left, this one or an earlier one.

        With a pending package, `pipeline.run(data)` would load the old one and leave the new. When the connection or
        the process was lost during a commit, dlt does not know whether a job was committed: the whole package is then
        deleted, and its files are landed again.

        Raises:
            LandingError: the database did not take it.
        """
        clear_unfinished(self.folder)
        packages = [path for place in _PENDING for path in self.folder.glob(place) if path.is_dir()]
        if not packages:
            return Pending.NONE
        with_channels = [path.name for path in packages if any(path.glob(f"*_jobs/{CHANNELS_TABLE}.*"))]
        if not have_blocks(connection, with_channels):
            return self._take_back(connection)
        try:
            self.load(connection)
        except LandingError as error:
            if not isinstance(_root(error), UniqueViolation):
                raise
            return self._take_back(connection)
        return Pending.LOADED

    def _take_back(self, connection: Connection) -> Pending:
        load_ids = [path.name for place in _PENDING for path in self.folder.glob(place)]
        self.pipeline.abort_packages()
        delete_loads(connection, load_ids)
        return Pending.TAKEN_BACK

    def extract(self, rows: Iterator[Row], connection: Connection) -> bool:
        """Write rows to a package on disk, and blocks of channels into the database.

        Args:
            rows: Of `raw`; `BlockStream` stands for blocks of channels.
            connection: For these blocks. They are one transaction, see `ingestion.channel_blocks`.

        Returns:
            Whether there is something to load: rows, or a package without any that makes missing tables.

        Raises:
            ChangedWhileReadError: a file changed, so that its rows are not those of its hash.
            LandingError: they could not be read or written.
        """
        try:
            first = next(rows, None)
        except OSError as error:
            raise self._not_read(error) from error
        if first is None and are_complete(connection):
            return False
        pipeline = self.pipeline
        from dlt.pipeline.exceptions import PipelineStepFailed

        clear_unfinished(self.folder)
        blocks = self.folder / "blocks"
        try:
            pipeline.extract(_source(chain([first] if first else [], rows), blocks, connection))
        except PipelineStepFailed as error:
            if not connection.closed:  # else that was the cause, and is still to be told
                connection.rollback()
            pipeline.abort_packages()
            cause = _root(error)
            if isinstance(cause, ChangedWhileReadError):
                raise cause from None
            raise self._not_read(cause) from error
        finally:
            shutil.rmtree(blocks, ignore_errors=True)
        return True

    def load(self, connection: Connection) -> None:
        """Load the packages on disk. Missing tables are made.

        Raises:
            LandingError: the database did not take them.
        """
        pipeline = self.pipeline
        from dlt.common.exceptions import DltException

        try:
            pipeline.normalize()
            pipeline.sync_schema()
            tune_tables(connection)
            info = pipeline.load(workers=CONNECTIONS)
            if info is not None:
                info.raise_on_failed_jobs()
        except DltException as error:
            cause = _root(error)
            told = tell_full_disk(cause, self.folder) or f"{cause}. The next run goes on with it."
            raise LandingError(f"The batch was read but not loaded: {told}") from error

    def _not_read(self, cause: BaseException) -> LandingError:
        told = tell_full_disk(cause, self.folder) or f"{cause}. Run it again."
        return LandingError(f"Nothing of this batch was landed: {told}")


def import_dlt() -> None:
    """Import dlt before there is anything to load, in a process that waits for files."""
    with _without_streamlit():
        import dlt  # noqa: F401


@contextmanager
def _without_streamlit() -> Iterator[None]:
    """Hide Streamlit from dlt, which would import it to look for secrets; that takes a second and a half."""
    is_hidden = sys.modules.setdefault("streamlit", None) is None  # type: ignore[arg-type]
    try:
        yield
    finally:
        if is_hidden:
            del sys.modules["streamlit"]


def _root(error: BaseException) -> BaseException:
    """The exception underneath dlt's own."""
    while cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = cause
    return error


def _source(rows: Iterable[Row], folder: Path, connection: Connection) -> Any:
    """Rows in the form that dlt takes; blocks of channels are copied while it takes them."""
    import dlt

    @dlt.resource(name=BLOCKS_TABLE)
    def items() -> Iterator[Any]:
        waiting: dict[str, list[dict[str, Any]]] = {}
        blocks = _BlockFile(folder)
        for table, row in rows:
            if table == BLOCKS_TABLE:
                blocks.write(row)
                if blocks.characters > BLOCK_FILE_CHARACTERS:
                    yield from blocks.hand_over()
            elif table == CHANNEL_BLOCKS_TABLE:
                _copy(connection, row["stream"])
            else:
                batch = waiting.setdefault(table, [])
                batch.append(row)
                if len(batch) == ROWS_AT_ONCE:
                    yield dlt.mark.with_table_name(waiting.pop(table), table)
        yield from blocks.hand_over()
        for table, batch in waiting.items():
            yield dlt.mark.with_table_name(batch, table)
        connection.commit()

    @dlt.source(schema=raw_schema(), max_table_nesting=0)
    def source() -> Any:
        return items

    return source()


def _copy(connection: Connection, stream: BlockStream) -> None:
    from ingestion.channel_blocks import copy_blocks

    with connection.cursor() as cursor:
        stream.error = copy_blocks(cursor, _load_id(), stream.file_id, stream.blocks)


def _load_id() -> str:
    """The load that dlt is extracting."""
    from dlt.common.storages.load_package import load_package_state

    return str(load_package_state()["load_id"])


class _BlockFile:
    """Writes blocks to a CSV file that the database copies as it is; dlt would write, read and write them again."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._file = folder / "blocks.csv"
        self._load_id = _load_id()
        self._columns = columns_of(BLOCKS_TABLE)
        self._stream: Any = None
        self._rows = 0
        self.characters = 0

    def write(self, row: dict[str, Any]) -> None:
        if self._stream is None:
            self._stream = self._file.open("w", encoding="utf-8", newline="")
            self._stream.write(",".join([*self._columns, "_dlt_load_id", "_dlt_id"]) + "\n")
        values = (*(row[name] for name in self._columns), self._load_id, secrets.token_urlsafe(10))
        self._stream.write(",".join('"' + str(value).replace('"', '""') + '"' for value in values) + "\n")
        self._rows += 1
        self.characters += len(row["lines"])

    def hand_over(self) -> Iterator[Any]:
        """The file, unless it is empty; the next row begins a new one."""
        if self._stream is None:
            return
        import dlt

        self._stream.close()
        yield dlt.mark.with_file_import(str(self._file), "csv", self._rows)
        self._file.unlink()
        self._stream, self._rows, self.characters = None, 0, 0
