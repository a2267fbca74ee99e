"""Runs the queries of the pages as the reader, and keeps the answers until the next run has ended."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st
from psycopg2.extensions import DECIMAL, new_type, register_type
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.database.connection import connection_parameters
from simrace.database.roles import READER
from simrace.report import statements

QUERIES = Path(__file__).parent / "queries"
SHARED = ("race", "championship")  # folders of queries that reports ask too
STATEMENT_TIMEOUT = "15s"
# A page asks for the newest run with every change of a filter; the database is asked no more often than this.
NEWEST_RUN_TTL_S = 2

Answer = TypeVar("Answer")
_kept: ContextVar[list[Connection] | None] = ContextVar("kept", default=None)
# figures take numbers as floats
_FLOAT = new_type(DECIMAL.values, "FLOAT", lambda value, _: None if value is None else float(value))


def query(name: str, **parameters: object) -> pd.DataFrame:
    """Run a query of a page, or return its answer from before if no run has ended since.

    Args:
        name: Folder and name of the file, such as `race/results`.
        parameters: Its parameters by name.

    Raises:
        DatabaseError: the database cannot be reached.
        psycopg2.Error: it refuses the query, such as one on a mart that is not built yet.
    """
    return _remembered(newest_run(), name, tuple(sorted(parameters.items())))


def rows(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of an answer, each with its columns as attributes; missing text is None, for which `or` stands in."""
    text = [name for name, kind in frame.dtypes.items() if kind in ("object", "str")]
    whole = {str(name): frame[name].astype(object).where(frame[name].notna(), None) for name in text}
    return iter(frame.assign(**whole).itertuples())


@st.cache_data(ttl=NEWEST_RUN_TTL_S, show_spinner=False)
def newest_run() -> datetime | None:
    """When the last run or build of the warehouse ended; None when there was none."""
    first: Any = next(rows(_read("shared/newest_run", {})))
    return None if pd.isna(first.ended_at) else first.ended_at.to_pydatetime()


@st.cache_data(max_entries=500, show_spinner=False)
def _remembered(newest: datetime | None, name: str, parameters: tuple[tuple[str, Any], ...]) -> pd.DataFrame:
    return _read(name, dict(parameters))


def _read(name: str, parameters: dict[str, Any]) -> pd.DataFrame:
    with _connected() as connection, connection, connection.cursor() as cursor:
        register_type(_FLOAT, cursor)
        cursor.execute(statement(name), parameters)
        columns = [column.name for column in cursor.description or ()]
        return pd.DataFrame(cursor.fetchall(), columns=columns)


def statement(name: str) -> str:
    """Text of a query.

    Args:
        name: Folder and name of the file, such as `race/results`.
    """
    folder = statements.QUERIES if name.partition("/")[0] in SHARED else QUERIES
    return statements.statement(name, folder)


def files() -> list[Path]:
    """The files of all queries."""
    return sorted(
        [*QUERIES.glob("*/*.sql"), *(file for each in SHARED for file in (statements.QUERIES / each).glob("*.sql"))]
    )


def ask(function: Callable[..., Answer], *parameters: str) -> Answer:
    """What a function reads of the marts, or its answer from before if no run has ended since.

    Args:
        function: Takes a connection and the parameters; its numbers are decimals, as points are.
        parameters: Of the function.

    Raises:
        DatabaseError: the database cannot be reached.
        psycopg2.Error: it refuses a query, such as one on a mart that is not built yet.
    """
    answer: Answer = _asked(newest_run(), function.__qualname__, parameters, function)
    return answer


@st.cache_data(max_entries=100, show_spinner=False)
def _asked(newest: datetime | None, name: str, parameters: tuple[str, ...], _function: Callable[..., Any]) -> Any:
    with _connected() as connection:
        return _function(connection, *parameters)


@contextmanager
def one_connection() -> Iterator[None]:
    """Let all that is asked within use one connection, opened when the first asks and closed at the end."""
    kept: list[Connection] = []
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
        for connection in kept:
            connection.close()


@contextmanager
def _connected() -> Iterator[Connection]:
    kept = _kept.get()
    if kept is None:
        with closing(connect()) as connection:
            yield connection
        return
    if not kept or kept[-1].closed:
        kept.append(connect())
    try:
        yield kept[-1]
    finally:
        if not kept[-1].closed:
            kept[-1].rollback()


def connect() -> Connection:
    """Open a connection that can only read; as the role of readers where it is there and this user may take it.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    connection = connection_parameters().connect(application_name="simrace dashboard")
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "set default_transaction_read_only = on; set timezone = 'UTC'; "
            f"set statement_timeout = '{STATEMENT_TIMEOUT}'; "
            "select exists (select from pg_roles where rolname = %s and pg_has_role(oid, 'set'))",
            (READER,),
        )
        if cursor.fetchone() == (True,):
            cursor.execute(f"set role {READER}")
    return connection
