"""Training data and their dictionary as files for pandas and spreadsheets."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg2.extensions import connection as Connection  # noqa: N812

if TYPE_CHECKING:  # it takes half a second that `simrace --help` should not
    import pandas as pd

SCHEMA = "marts"
TRAINING_DATA, DICTIONARY = "ml_training_data", "ml_feature_dictionary"
TABLES = {TRAINING_DATA: "subsession_id, cust_id", DICTIONARY: "column_number"}  # and their order, which is total
# A spreadsheet takes a cell that begins so for a formula, and runs it: after white space too, and in full width.
FORMULA = r"^(?:[\s\x00-\x1f\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])"
PANDAS_TYPES = {
    "text": "string",
    "integer": "Int64",
    "bigint": "Int64",
    "numeric": "Float64",
    "boolean": "boolean",
    "timestamptz": "datetime64[us, UTC]",
    "timestamp with time zone": "datetime64[us, UTC]",
}


class ExportError(RuntimeError):
    """There is nothing to export; the text says why."""


class Format(StrEnum):
    """Kinds of files."""

    PARQUET = "parquet"
    CSV = "csv"


@dataclass(frozen=True)
class Exported:
    """A file written.

    Attributes:
        path: Where it is.
        rows: Rows in it.
        sha256: Of its bytes.
    """

    path: Path
    rows: int
    sha256: str


def export_ml(connection: Connection, directory: Path, file_format: Format) -> Iterator[Exported]:
    """Write the training data and their dictionary; the same rows give the same bytes.

    Args:
        connection: Database that holds the marts.
        directory: Folder to write to; made when missing.
        file_format: Kind of files.

    Raises:
        ExportError: the marts are not built.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for table, order in TABLES.items():
        frame = _read(connection, table, order)
        path = directory / f"{table}.{file_format}"
        if file_format is Format.CSV:
            _without_formulas(frame).to_csv(path, index=False, lineterminator="\n")
        else:
            frame.to_parquet(path, engine="pyarrow", index=False)
        with path.open("rb") as file:
            yield Exported(path, len(frame), hashlib.file_digest(file, "sha256").hexdigest())


def read_exported(directory: Path, table: str = TRAINING_DATA) -> "pd.DataFrame":
    """Read a table back with its types: Parquet has them, for a CSV the dictionary has them.

    Args:
        directory: Folder that was written to.
        table: Name of the table.
    """
    import pandas as pd

    if (parquet := directory / f"{table}.parquet").exists():
        return pd.read_parquet(parquet)
    types: dict[str, str]
    if table == DICTIONARY:
        types = defaultdict(lambda: "string", column_number="Int64")
    else:
        entries = read_exported(directory, DICTIONARY)
        types = dict(zip(entries["column_name"], entries["data_type"].map(_pandas_type), strict=True))
    moments = [name for name, kind in types.items() if kind == PANDAS_TYPES["timestamptz"]]
    kinds = {name: kind for name, kind in types.items() if name not in moments}
    # the empty cell alone is missing: a car may be called NA
    frame = pd.read_csv(directory / f"{table}.csv", dtype=kinds, keep_default_na=False, na_values=[""])
    return frame.assign(**{name: pd.to_datetime(frame[name], format="ISO8601", utc=True) for name in moments})


def _pandas_type(data_type: str) -> str:
    return PANDAS_TYPES[data_type.partition("(")[0]]


def _read(connection: Connection, table: str, order: str) -> "pd.DataFrame":
    import pandas as pd

    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select column_name, data_type from information_schema.columns "
            "where table_schema = %s and table_name = %s order by ordinal_position",
            (SCHEMA, table),
        )
        types = {name: _pandas_type(data_type) for name, data_type in cursor}
        if not types:
            raise ExportError(f"There is no {SCHEMA}.{table} yet: `simrace run` builds it.")
        selected = ", ".join(
            f"cast({name} as double precision)" if kind == "Float64" else name for name, kind in types.items()
        )
        cursor.execute(f"select {selected} from {SCHEMA}.{table} order by {order}")
        frame = pd.DataFrame(cursor.fetchall(), columns=list(types), dtype=object)
    return frame.astype(types)


def _without_formulas(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Put an apostrophe before every text that a spreadsheet would run."""
    texts: pd.DataFrame = frame.select_dtypes("string").apply(
        lambda text: text.str.replace(FORMULA, r"'\g<0>", regex=True)
    )
    return frame.assign(**dict(texts.items()))
