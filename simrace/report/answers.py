"""Answers of queries as objects: a column is an attribute, a number of PostgreSQL a float."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from psycopg2.errors import InvalidSchemaName, UndefinedTable
from psycopg2.extensions import DECIMAL, new_type, register_type
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.errors import ReadableError
from simrace.report.statements import statement

_FLOAT = new_type(DECIMAL.values, "float", lambda value, _: None if value is None else float(value))
Kind = TypeVar("Kind")


class ReportError(ReadableError):
    """What was asked for is not there, or the file cannot be written; the text names the way out."""


def rows(connection: Connection, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    """Rows of a query.

    Raises:
        ReportError: the marts are not built.
    """
    return _asked(connection, query, parameters)[1]


def objects(connection: Connection, name: str, kind: type[Kind], parameters: Mapping[str, Any]) -> list[Kind]:
    """Rows of a query of `report/queries` as objects that have the columns that they name.

    Args:
        connection: To a warehouse that has been built.
        name: Folder and name of the file of the query.
        kind: A dataclass; columns that it lacks are left out.
        parameters: Of the query, by name.

    Raises:
        ReportError: the marts are not built.
    """
    columns, found = _asked(connection, statement(name), parameters)
    assert is_dataclass(kind)  # noqa: S101 - for mypy
    wanted = {field.name for field in fields(kind)}
    return [kind(**{name: cell for name, cell in zip(columns, row, strict=True) if name in wanted}) for row in found]


def _asked(connection: Connection, query: str, parameters: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
    try:
        with connection, connection.cursor() as cursor:
            register_type(_FLOAT, cursor)
            cursor.execute(query, parameters)
            return [column.name for column in cursor.description or ()], cursor.fetchall()
    except (UndefinedTable, InvalidSchemaName) as error:
        raise ReportError("The marts are not built yet: `simrace run PATH` lands files and builds them.") from error
