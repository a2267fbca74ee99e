"""Seed files line by line: those of the project, and beside them the rows of people's own in SIMRACE_HOME/seeds.

A file of the same name there has rows of the same columns, in any order; a column that is left out is blank. Its rows
take the place of the project's with the same key, and an upgrade never touches them. dbt adds them to each seed
(macros/hooks/own_rows.sql) from `raw.own_seed_rows`, to which they are written before a build.
"""

import csv
import difflib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extras import execute_values

from ingestion.errors import ReadableError
from ingestion.raw_tables import OWN_SEED_ROWS_TABLE, make_own_tables, relation_exists
from ingestion.settings import home_directory

FOLDER = "seeds"
MAX_TOLD = 20
# What a blank cell is to dbt, in any case of letters.
_BLANK = ("", "null")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a tenth of the time, where it was built


class SeedError(ReadableError):
    """A file of people's own rows cannot be used; the text says where and what would be right."""


@dataclass(frozen=True, order=True)
class Finding:
    """Something that is wrong in a seed file, or that may be.

    Attributes:
        file: Its path: of the project's from the project's folder, such as seeds/championship_rules.csv.
        line: Line of the file, counted from 1.
        is_error: Whether it must be put right; else it is a warning.
        message: What is wrong, and the way out.
    """

    file: str
    line: int
    is_error: bool
    message: str

    def __str__(self) -> str:
        """As editors and compilers write it, so that a click leads there."""
        return f"{self.file}:{self.line}: {'error' if self.is_error else 'warning'}: {self.message}"


@dataclass(frozen=True)
class Row:
    """A line of a seed file; a blank cell is an empty text.

    Attributes:
        file: As findings name it.
        line: Counted from 1.
        cells: By column.
    """

    file: str
    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """A cell; empty where the file lacks the column, which is told once."""
        return self.cells.get(column, "")

    @property
    def place(self) -> str:
        """File and line, for people."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Declared:
    """A seed as seeds/_seeds.yml declares it.

    Attributes:
        types: Type of each column.
        words: The values that a column may have, where it may not have any.
        key: Columns that tell rows apart.
        replaced_by: Columns by which rows of people's own take the place of the project's.
    """

    types: dict[str, str]
    words: dict[str, list[str]]
    key: tuple[str, ...]
    replaced_by: tuple[str, ...]


Tell = Callable[[Finding], object]


def own_folder() -> Path:
    """Where people keep rows of their own."""
    return home_directory() / FOLDER


def file_of(seed: str) -> str:
    """Path of a seed from the project's folder."""
    return f"{FOLDER}/{seed}.csv"


def declared_seeds(project: Path) -> dict[str, Declared]:
    """The seeds by name.

    Args:
        project: Folder with dbt_project.yml.
    """
    text = (project / FOLDER / "_seeds.yml").read_text(encoding="utf-8")
    described: dict[str, Any] = yaml.load(text, Loader=_LOADER)  # noqa: S506 - both are safe
    return {seed["name"]: _declared(seed) for seed in described["seeds"] if "config" in seed}


def _declared(seed: dict[str, Any]) -> Declared:
    tests = (test for test in seed.get("data_tests", []) if isinstance(test, dict))
    keys = [test[name]["arguments"]["columns"] for test in tests for name in test if name in _KEYS]
    key = tuple(keys[0]) if keys else ()
    words = {
        column["name"]: test["accepted_values"]["arguments"]["values"]
        for column in seed["columns"]
        for test in column.get("data_tests", [])
        if "accepted_values" in test
    }
    replaced_by = tuple(seed["config"].get("meta", {}).get("replaced_by", key))
    return Declared(seed["config"]["column_types"], words, key, replaced_by)


_KEYS = ("is_key", "unique_combination")


def read_file(file: Path, shown: str, declared: Declared, tell: Tell, may_lack: bool = False) -> Iterator[Row]:
    """Read the rows of a seed file.

    Args:
        file: The file.
        shown: What findings call it.
        declared: The seed.
        tell: Called with what is wrong.
        may_lack: Whether columns may be left out.
    """
    expected = list(declared.types)
    header = ",".join(expected)

    def wrong(line: int, message: str) -> None:
        tell(Finding(shown, line, True, message))

    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        wrong(1, f"the file is missing; one without rows has this line: {header}")
        return
    except UnicodeDecodeError as error:
        wrong(file.read_bytes()[: error.start].count(b"\n") + 1, 'the file is not UTF-8; save it as "CSV UTF-8"')
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] = []
    line = 1
    try:
        for cells in reader:
            if not columns:
                columns = cells
                if told := list(_wrong_header(columns, expected, may_lack)):
                    for message in told:
                        wrong(1, message)
                    return
            elif len(cells) != len(columns) and cells:
                wrong(line, f"has {len(cells)} cells, and the first line names {len(columns)} columns")
            elif cells:
                yield Row(shown, line, dict(zip(columns, cells, strict=True)))
            line = reader.line_num + 1
    except csv.Error as error:
        wrong(line, f"is no CSV: {error}")
    if not columns:
        wrong(1, f"the file is empty; one without rows has this line: {header}")


def _wrong_header(columns: list[str], expected: list[str], may_lack: bool) -> Iterator[str]:
    missing = [name for name in expected if name not in columns]
    for name in dict.fromkeys(columns):
        if name not in expected:
            yield f"{name!r} is no column of it{near(name, missing or expected, '; leave it out')}"
        elif columns.count(name) > 1:
            yield f"has the column {name} twice"
    if not may_lack:
        yield from (f"the column {name} is missing; it may be blank in every row" for name in missing)


def check_cells(row: Row, declared: Declared, tell: Tell) -> None:
    """Check that each cell of a row can be what it should be.

    Args:
        row: The row.
        declared: Its seed.
        tell: Called with what is wrong.
    """

    def wrong(message: str) -> None:
        tell(Finding(row.file, row.line, True, message))

    for column, cell in row.cells.items():
        kind = declared.types.get(column, "text")
        allowed = declared.words.get(column)
        if cell != cell.strip():
            wrong(f"{column} has a blank before or after it: {cell!r}")
        elif cell and not is_of_type(cell, kind):
            wrong(f"{column} is {cell!r}, and should be {_NAMES[kind.partition('(')[0]]}")
        if allowed and cell and cell not in allowed:
            wrong(f"{column} is {cell!r}, and should be one of {', '.join(allowed)}{near(cell, allowed)}")


def own_rows(project: Path, tell: Tell) -> dict[str, list[Row]]:
    """The rows of people's own, by seed.

    Args:
        project: Folder with dbt_project.yml.
        tell: Called with what is wrong.
    """
    files = sorted(file for file in own_folder().glob("*.csv") if not file.name.startswith((".", "~")))
    declared = declared_seeds(project) if files else {}
    rows: dict[str, list[Row]] = {}
    for file in files:
        if file.stem not in declared:
            way_out = near(file.stem, declared, f"; there are: {', '.join(declared)}")
            tell(Finding(str(file), 1, True, f"there is no seed {file.stem!r}{way_out}"))
            continue
        seed = declared[file.stem]
        rows[file.stem] = list(read_file(file, str(file), seed, tell, may_lack=True))
        first: dict[tuple[str, ...], int] = {}
        for row in rows[file.stem]:
            check_cells(row, seed, tell)
            line = first.setdefault(tuple(row[column] for column in seed.key), row.line)
            if line != row.line:
                message = f"has the {', '.join(seed.key)} of line {line}; leave one of them"
                tell(Finding(str(file), row.line, True, message))
    return rows


def read_own(project: Path) -> dict[str, list[Row]]:
    """The same where all of it has to be right.

    Args:
        project: Folder with dbt_project.yml.

    Raises:
        SeedError: a file there is no seed, or something in it is wrong.
    """
    found: list[Finding] = []
    rows = own_rows(project, found.append)
    _refuse(found)
    return rows


def _refuse(found: list[Finding]) -> None:
    if found:
        more = [f"and {len(found) - MAX_TOLD} more"] if len(found) > MAX_TOLD else []
        raise SeedError("\n".join([*map(str, sorted(found)[:MAX_TOLD]), *more]))


def beside(rows: Iterable[Row], own: Iterable[Row], declared: Declared) -> list[Row]:
    """The project's rows, less those whose place rows of people's own take, and these.

    Args:
        rows: The project's.
        own: Of people's own.
        declared: The seed.
    """
    own = list(own)
    taken = {tuple(row[column] for column in declared.replaced_by) for row in own}
    return [row for row in rows if tuple(row[column] for column in declared.replaced_by) not in taken] + own


def read_seed(project: Path, seed: str) -> list[dict[str, str]]:
    """The rows of a seed as a build has them, with all columns; a blank cell is an empty text.

    Args:
        project: Folder with dbt_project.yml.
        seed: Its name.

    Raises:
        SeedError: something in a file is wrong.
    """
    declared, found = declared_seeds(project)[seed], list[Finding]()
    rows = list(read_file(project / file_of(seed), file_of(seed), declared, found.append))
    _refuse(found)
    both = beside(rows, read_own(project).get(seed, []), declared)
    return [{column: row[column] for column in declared.types} for row in both]


def put_own_rows(connection: Connection, project: Path) -> None:
    """Write the rows of people's own to where dbt finds them; what did not change is not touched.

    Args:
        connection: To the warehouse; without files landed in it nothing is done.
        project: Folder with dbt_project.yml.

    Raises:
        SeedError: something in a file is wrong; the rows of before stay.
    """
    rows = read_own(project)
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, "raw.files"):
            return
    make_own_tables(connection)
    declared = declared_seeds(project) if rows else {}
    now = [
        (
            seed,
            row.line,
            {name: cell for name, cell in row.cells.items() if cell.lower() not in _BLANK},
            list(declared[seed].replaced_by),
        )
        for seed, its_rows in sorted(rows.items())
        for row in its_rows
    ]
    with connection, connection.cursor() as cursor:
        cursor.execute(
            f'select seed, line, cells, replaced_by from raw.{OWN_SEED_ROWS_TABLE} order by seed collate "C", line'
        )
        if cursor.fetchall() != now:
            cursor.execute(f"delete from raw.{OWN_SEED_ROWS_TABLE}")
            written = [(seed, line, json.dumps(cells), names) for seed, line, cells, names in now]
            execute_values(
                cursor, f"insert into raw.{OWN_SEED_ROWS_TABLE} (seed, line, cells, replaced_by) values %s", written
            )


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(
    rf"{_DAY.pattern}([ T]\d{{2}}:\d{{2}}(:\d{{2}}(\.\d{{1,6}})?)?(Z|[+-]\d{{2}}(:?\d{{2}})?)?)?", re.ASCII
)
_NAMES = {
    "text": "text without characters that end it",
    "integer": "a whole number",
    "numeric": "a number such as 12 or 0.5",
    "double precision": "a number such as 12 or 0.5",
    "boolean": "true or false",
    "date": "a day such as 2026-03-31",
    "timestamptz": "a time such as 2026-03-31 20:15:00+00:00",
}


def is_of_type(cell: str, kind: str) -> bool:
    """Whether the database takes a cell for a type.

    Args:
        cell: As the file has it.
        kind: As seeds/_seeds.yml names it, such as `numeric(9, 1)`.
    """
    kind, _, size = kind.rstrip(")").partition("(")
    value = number(cell)
    try:
        if kind == "integer":
            return value is not None and value == int(value) and abs(value) < 2**31 and "." not in cell
        if kind == "numeric":
            digits, _, decimals = size.partition(",")
            return value is not None and abs(value) < Decimal(10) ** (int(digits) - int(decimals))
        if kind == "double precision":
            return value is not None and (value == 0 or Decimal("1e-300") < abs(value) < Decimal("1e300"))
        if kind == "boolean":
            return cell.lower() in ("true", "false")
        if kind == "date":
            return bool(_DAY.fullmatch(cell)) and bool(date.fromisoformat(cell))
        if kind == "timestamptz":
            return bool(_TIME.fullmatch(cell)) and bool(datetime.fromisoformat(cell))
    except ValueError:
        return False
    return "\0" not in cell


def number(cell: str) -> Decimal | None:
    """A number as a seed may write one; None for anything else, blanks too."""
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", cell, re.ASCII):
        return None
    try:
        return Decimal(cell)
    except InvalidOperation:
        return None


def near(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """A sentence's end that names what was meant, by the nearest known words.

    Args:
        word: What stands there.
        known: What may stand there.
        otherwise: What to say where nothing is near.
    """
    found = difflib.get_close_matches(word, list(known), 3, 0.6)
    return f"; is it {' or '.join(map(repr, found))}?" if found else otherwise
