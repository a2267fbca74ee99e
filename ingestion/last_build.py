"""Whether a build would make the marts what they are already, so that `simrace run` need not build.

After a build without an error, ops.last_build says what it was made from and what it made. Every command of dbt that
could change a table empties it first (macros/ops/records.sql), so one that failed, was killed or built a part leaves
nothing there.
"""

import hashlib
import os
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from ingestion.pseudonyms import session_options

# What models read and dbt does not write. A row's version and place change with every change of the row.
_READ = ("raw.files", "raw.file_sightings", "raw.rejected_files", "raw._dlt_loads", "ops.retired")
_ROWS = "select count(*), sum(hashtextextended(concat_ws(' ', xmin, ctid), 0)) from {}"

# What was built, whose it is and who may read it: a table that was dropped, emptied or made anew is another one.
_MADE = """
    select
        md5(string_agg(
            concat_ws(' ', pg_class.oid, relfilenode, relowner, relacl, nspowner, nspacl), ',' order by pg_class.oid
        )),
        (select string_agg(rolname, ' ' order by rolname) from pg_roles where starts_with(rolname, 'simrace_'))
    from pg_class inner join pg_namespace on relnamespace = pg_namespace.oid
    where nspname = any(%s) and relkind in ('r', 'p', 'v', 'm')
"""

_BUILT_SCHEMAS = ["staging", "intermediate", "marts"]
_READ_BY_DBT = (".sql", ".yml", ".yaml", ".csv", ".md")


def made_from(connection: Connection, project: Path) -> str:
    """A hash of all that a build depends on; a day is part of it, because some figures look back from now.

    Args:
        connection: To the warehouse.
        project: Folder of dbt_project.yml.
    """
    digest = hashlib.sha256()
    for file in _code(project):
        digest.update(f"{file}\0{file.stat().st_size}\0".encode("utf-8", "surrogateescape"))
        digest.update(file.read_bytes())
    settings = {name: value for name, value in os.environ.items() if name.startswith("DBT_") and "SECRET" not in name}
    versions = [version(package) for package in ("dbt-core", "dbt-adapters", "dbt-postgres")]
    today = datetime.now(UTC).date()
    with connection, connection.cursor() as cursor:
        rows = []
        for table in _READ:
            cursor.execute(_ROWS.format(table) if _exists(cursor, table) else "select 0, null")
            rows.append(cursor.fetchone())
    digest.update(repr((sorted(settings.items()), session_options(os.environ), versions, today, rows)).encode())
    return digest.hexdigest()


def is_current(connection: Connection, project: Path) -> bool:
    """Whether nothing changed since the last build that went well."""
    with connection, connection.cursor() as cursor:
        if not _exists(cursor, "ops.last_build"):
            return False
        cursor.execute("select made_from, made from ops.last_build")
        row = cursor.fetchone()
    return row is not None and row == (made_from(connection, project), _made(connection))


def record(connection: Connection, inputs: str) -> None:
    """Write down that a build went well.

    Args:
        connection: To the warehouse.
        inputs: What `made_from` said before the build: what changed meanwhile is not in it.
    """
    made = _made(connection)
    with connection, connection.cursor() as cursor:
        cursor.execute("delete from ops.last_build")
        cursor.execute("insert into ops.last_build (made_from, made) values (%s, %s)", (inputs, made))


def _made(connection: Connection) -> str:
    with connection, connection.cursor() as cursor:
        cursor.execute(_MADE, (_BUILT_SCHEMAS,))
        return repr(cursor.fetchone())


def _code(project: Path) -> list[Path]:
    """Every file that dbt reads, and this package, which tells it what to do."""
    described: dict[str, Any] = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    folders = {folder for name, paths in described.items() if name.endswith("-paths") for folder in paths}
    found = {file for folder in folders for file in (project / folder).rglob("*") if file.suffix in _READ_BY_DBT}
    return sorted({*found, *project.glob("*.yml"), *Path(__file__).parent.rglob("*.py")})


def _exists(cursor: Cursor, name: str) -> bool:
    cursor.execute("select to_regclass(%s) is not null", (name,))
    return bool((cursor.fetchone() or (False,))[0])
