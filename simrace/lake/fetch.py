"""Samples and traces of chosen sessions, which PostgreSQL has of those alone where the lake keeps them."""

import shutil
from contextlib import closing
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.build.dbt import ParsedProject, run_dbt, set_for_dbt
from simrace.build.project import project_directory
from simrace.database.connection import ConnectionParameters
from simrace.lake.build import as_part
from simrace.lake.choices import choose, engine_of
from simrace.lake.engine import begin_macro
from simrace.lake.inputs import copy_inputs
from simrace.lake.plan import FETCHED, grows
from simrace.lake.publish import publish
from simrace.lake.settings import LakeError, lake


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
        choose(connection, _session(connection, session_id), is_wanted)
        copy_inputs(connection, of.exchange / "inputs", {})
    shutil.rmtree(of.exchange / "published", ignore_errors=True)  # what a killed one left is found again
    write_them = begin_macro(of, project, "write_fetched")
    with set_for_dbt(parameters, project):
        parsed = ParsedProject()
        nodes: list[Any] = list(parsed.manifest(project).nodes.values())
    fetched = {node.name: str(node.config.get("key")) for node in nodes if grows(node) == FETCHED}
    write_them()
    with closing(parameters.connect()) as connection:
        copied = publish(connection, of.exchange / "published", fetched)
    with as_part(is_last=False):
        run_dbt(["run", "--no-write-json", "--select", *fetched], parameters, parsed=parsed)
    return copied


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
