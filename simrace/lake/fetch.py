"""Samples and traces of chosen sessions, which PostgreSQL has of those alone where the lake keeps them."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.build.dbt import ParsedProject, run_dbt, set_for_dbt
from simrace.build.project import project_directory
from simrace.database.connection import ConnectionParameters
from simrace.lake.build import as_part
from simrace.lake.choices import choose, engine_of
from simrace.lake.engine import statements_on_engine
from simrace.lake.plan import FETCHED, grows
from simrace.lake.publish import publish
from simrace.lake.settings import SAIL, Lake, LakeError, lake


def fetch(parameters: ConnectionParameters, session_id: str, is_wanted: bool = True) -> dict[str, int]:
    """Copy a session's samples and traces from the lake into the marts, or let them go there again.

    Args:
        parameters: The warehouse, which is held.
        session_id: Of marts.dim_sessions, or the beginning of one.
        is_wanted: Whether it is to be there.

    Returns:
        Rows copied, by model.

    Raises:
        LakeError: the warehouse has no lake, or no session has this id.
        BuildError: the engine or PostgreSQL did not do it.
    """
    project = project_directory()
    with closing(parameters.connect()) as connection:
        engine = engine_of(connection)
        if engine is None:
            raise LakeError("PostgreSQL has the samples of every session: this warehouse has no lake.")
        of = lake(engine)
        session = _session(connection, session_id)
        choose(connection, session, is_wanted)
    written = of.exchange / "published"
    shutil.rmtree(written, ignore_errors=True)  # what a killed one left is found again
    parsed = ParsedProject()
    with statements_on_engine(of, project) if is_wanted else nullcontext() as run:
        with set_for_dbt(parameters, project):
            nodes: list[Any] = list(parsed.manifest(project).nodes.values())
        fetched = {node.name: node for node in nodes if grows(node) == FETCHED}
        hashes: dict[str, str | None] = dict.fromkeys(fetched)
        if run is not None:
            hashes = write_rows(run, of, fetched, session)
    for name, input_hash in hashes.items():
        _write_key(written / name / "keys", session, input_hash)
    with closing(parameters.connect()) as connection:
        copied = publish(connection, written, {name: str(node.config.get("key")) for name, node in fetched.items()})
    with as_part(is_last=False):
        run_dbt(["run", "--no-write-json", "--select", *fetched], parameters, parsed=parsed)
    return copied


def write_rows(
    run: Callable[[list[str]], Any], of: Lake, fetched: dict[str, Any], session: str
) -> dict[str, str | None]:
    """Let the engine write a session's rows of each model.

    Args:
        run: Runs statements on the engine (`statements_on_engine`).
        of: The lake.
        fetched: The models by name, as dbt's manifest has them.
        session: Its id.

    Returns:
        By model the fingerprint that the rows are published under: None where the lake has none of the session; left
        out where it has not ended to write them.
    """
    listed = ", ".join(f"'{name}'" for name in fetched)
    tables = ["ops.built", "ops.code", *(f"{node.schema}.{name}" for name, node in fetched.items())]
    statements = [
        *(_known_to_sail(of, tables) if of.engine == SAIL else ()),
        f"select model, min(input_hash) from ops.built where key = '{session}' and model in ({listed}) group by model",
        f"select model, code_hash from ops.code where model in ({listed})",
    ]
    asked = len(statements)
    for name, node in fetched.items():
        statements.append(
            f"insert overwrite directory '{of.exchange}/published/{name}/rows' using parquet "
            f"select * from {node.schema}.{name} where {node.config.get('key')} = '{session}'"
        )
    built, code = map(dict, run(statements)[asked - 2 : asked])
    return {
        name: f"{built[name]} {code.get(name)}" if name in built else None for name in fetched if built.get(name) != ""
    }


def _known_to_sail(of: Lake, tables: list[str]) -> Iterator[str]:
    """Statements that tell Sail of tables: it keeps no catalog."""
    for schema in sorted({table.partition(".")[0] for table in tables}):
        yield f"create schema if not exists {schema}"
    for table in tables:
        yield f"create table {table} using iceberg location '{of.warehouse}/{table.replace('.', '/')}'"


def _write_key(folder: Path, key: str, input_hash: str | None) -> None:
    """As the engine writes keys: what is published under no fingerprint goes."""
    folder.mkdir(parents=True)
    columns = {"key": pa.array([key], pa.string()), "input_hash": pa.array([input_hash], pa.string())}
    pq.write_table(pa.table(columns), folder / "key.parquet")


def _session(connection: Connection, beginning: str) -> str:
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select cast(session_id as text) from marts.dim_sessions where starts_with(cast(session_id as text), %s)",
            (beginning.lower(),),
        )
        found = [str(row[0]) for row in cursor]
    if len(found) != 1 or not beginning:
        raise LakeError(f"{len(found)} sessions have an id that begins with {beginning!r}: see marts.dim_sessions.")
    return found[0]
