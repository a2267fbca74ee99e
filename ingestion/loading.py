"""Write rows to the schema `raw` with dlt: first a package on disk, then the load of it.

dlt takes a second to import, so this module does so when there is something to load.
"""

import os
import secrets
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg2.errors import UniqueViolation
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.disk import clear_unfinished, tell_full_disk
from ingestion.raw_tables import BLOCKS_TABLE, DATASET, columns_of, delete_loads, raw_schema, tune_tables
from ingestion.reading import ChangedWhileReadError, LandingError

if TYPE_CHECKING:
    import dlt

Row = tuple[str, dict[str, Any]]  # table and columns

ROWS_AT_ONCE = 500
BLOCK_FILE_CHARACTERS = 32 << 20  # the server compresses what comes over one connection on one core
CONNECTIONS = 4
_PENDING = ("normalize/extracted/*", "load/normalized/*")  # where dlt keeps packages

# By the environment: whatever else configures dlt starts it first, telling the world. What fails is told by us.
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "CRITICAL")


class Pending(StrEnum):
    """What became of packages that waited."""

    NONE = "none"
    LOADED = "loaded"
    TAKEN_BACK = "taken back"


class Loader:
    """The way of rows into one warehouse.

    Attributes:
        folder: dlt's working folder.
    """

    def __init__(self, home: Path, url: str, name: str) -> None:
        """Name a warehouse; nothing is done yet.

        Args:
            home: Folder for dlt's working files.
            url: Address of the database, with password.
            name: Tells this warehouse from others in the same home.
        """
        self._parent, self._url, self._name = home / "dlt", url, f"simrace_{name}"
        self.folder = self._parent / self._name

    @cached_property
    def pipeline(self) -> "dlt.Pipeline":
        """The dlt pipeline."""
        settings = {
            # What is loaded is in the database; a second copy would outlive what is forgotten there.
            "load.delete_completed_jobs": True,
            # Retried by `ingestion.retry`, which tells what passes from what does not.
            "load.raise_on_max_retries": 1,
            # gzip would cost more than the load
            "normalize.data_writer.disable_compression": True,
            "data_writer.disable_compression": True,
        }
        self._parent.mkdir(parents=True, exist_ok=True)
        self._parent.chmod(0o700)  # while a load is under way, it holds what the files hold
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
        """Load what an earlier, interrupted run left, or what this one did not get through.

        With a pending package, `pipeline.run(data)` would load only the old and leave the new. Of a job that was
        committed as the connection or the process was lost, dlt does not know: all of its package is taken back, so
        that the files are landed anew.

        Raises:
            LandingError: the database did not take it.
        """
        if not any(path.is_dir() for place in _PENDING for path in self.folder.glob(place)):
            return Pending.NONE
        try:
            self.load(connection)
        except LandingError as error:
            if not isinstance(_root(error), UniqueViolation):
                raise
            load_ids = [path.name for path in self.folder.glob("load/normalized/*")]
            self.pipeline.abort_packages()
            delete_loads(connection, load_ids)
            return Pending.TAKEN_BACK
        return Pending.LOADED

    def extract(self, rows: Iterator[Row]) -> bool:
        """Write rows to a package on disk; False when there is none.

        Raises:
            ChangedWhileReadError: the rows are not those of a file.
            LandingError: they could not be read or written.
        """
        try:
            first = next(rows, None)
        except OSError as error:
            raise self._not_read(error) from error
        if first is None:
            return False
        pipeline = self.pipeline
        from dlt.pipeline.exceptions import PipelineStepFailed

        clear_unfinished(self.folder)
        blocks = self.folder / "blocks"
        try:
            pipeline.extract(_source(chain([first], rows), blocks))
        except PipelineStepFailed as error:
            pipeline.abort_packages()
            cause = _root(error)
            if isinstance(cause, ChangedWhileReadError):
                raise cause from None
            raise self._not_read(cause) from error
        finally:
            shutil.rmtree(blocks, ignore_errors=True)
        return True

    def load(self, connection: Connection) -> None:
        """Load the packages on disk; the tables are made as they are described, also without any.

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


@contextmanager
def _without_streamlit() -> Iterator[None]:
    """Hide Streamlit from dlt, which looks for secrets there and takes another second and a half to import it."""
    is_hidden = sys.modules.setdefault("streamlit", None) is None  # type: ignore[arg-type]
    try:
        yield
    finally:
        if is_hidden:
            del sys.modules["streamlit"]


def _root(error: BaseException) -> BaseException:
    """What lies under dlt's own words for a failure."""
    while cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = cause
    return error


def _source(rows: Iterable[Row], folder: Path) -> Any:
    """Rows as dlt takes them."""
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
            else:
                batch = waiting.setdefault(table, [])
                batch.append(row)
                if len(batch) == ROWS_AT_ONCE:
                    yield dlt.mark.with_table_name(waiting.pop(table), table)
        yield from blocks.hand_over()
        for table, batch in waiting.items():
            yield dlt.mark.with_table_name(batch, table)

    @dlt.source(schema=raw_schema(), max_table_nesting=0)
    def source() -> Any:
        return items

    return source()


class _BlockFile:
    """Blocks as a CSV file that the database copies as it is; rows dlt would write, read and write again."""

    def __init__(self, folder: Path) -> None:
        from dlt.common.storages.load_package import load_package_state

        folder.mkdir()
        self._file = folder / "blocks.csv"
        self._load_id = load_package_state()["load_id"]
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
        """The file, if there is anything in it; the next row begins another."""
        if self._stream is None:
            return
        import dlt

        self._stream.close()
        yield dlt.mark.with_file_import(str(self._file), "csv", self._rows)
        self._file.unlink()
        self._stream, self._rows, self.characters = None, 0, 0
