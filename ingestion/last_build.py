"""What of the marts a build would make anew, so that `simrace run` builds no more than that.

After a build without an error, ops.last_build says what it was made from and what it made. Every command of dbt that
could change a table empties it first (macros/ops/records.sql), so one that failed, was killed or built a part on its
own leaves nothing there.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from ingestion.pseudonyms import session_options

# What models read and dbt does not write: rows by family of files, or by table where they have none. A row's version
# and place change with every change of the row; of a load it counts whether it was completed.
_READ = {
    "raw.files": "select format_family, {rows} from raw.files as rows left join {loads} group by 1",
    "raw.file_sightings": """
        select coalesce(format_family, 'sightings'), {rows} from raw.file_sightings as rows
        left join raw.files using (file_id) left join {loads} group by 1
    """,
    "raw.rejected_files": "select 'rejected', {rows} from raw.rejected_files as rows left join {loads}",
    "ops.retired": "select 'retired', count(*), sum(hashtextextended(concat_ws(' ', xmin, ctid), 0)) from ops.retired",
}
_ROWS = "count(*), sum(hashtextextended(concat_ws(' ', rows.xmin, rows.ctid, loads.status), 0))"
_LOADS = "raw._dlt_loads as loads on rows._dlt_load_id = loads.load_id"

# The selector of dbt for what can have changed (selectors.yml), narrowest first. Refused files are seen by all of them.
_SELECTORS = {
    "after_telemetry": {"telemetry", "rejected"},
    "after_results": {"results", "rejected"},
    "after_files": {"telemetry", "results", "rejected"},
}

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


@dataclass(frozen=True)
class Due:
    """What a build would make anew.

    Attributes:
        is_current: Nothing.
        selector: Of dbt, when it is a part; None when it is everything, or nothing.
    """

    is_current: bool = False
    selector: str | None = None


def made_from(connection: Connection, project: Path) -> dict[str, str]:
    """Hashes of all that a build depends on: `project`, and the rows of each family of files.

    A day is part of the project's, because some figures look back from now.

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
    digest.update(repr((sorted(settings.items()), session_options(os.environ), versions, today)).encode())
    parts: dict[str, Any] = {"project": digest.hexdigest()}
    with connection, connection.cursor() as cursor:
        for table, statement in _READ.items():
            if _exists(cursor, table):
                cursor.execute(statement.format(rows=_ROWS, loads=_LOADS))
                for part, *rows in cursor.fetchall():
                    if rows[0]:  # a table that is empty is like one that the first build is yet to make
                        parts[part] = f"{parts.get(part, '')} {table} {rows}"
    return parts


def due(connection: Connection, project: Path) -> Due:
    """What changed since the last build that went well."""
    with connection, connection.cursor() as cursor:
        if not _exists(cursor, "ops.last_build"):
            return Due()
        cursor.execute("select made_from, made from ops.last_build")
        row = cursor.fetchone()
    if row is None or row[1] != _made(connection):
        return Due()
    before, now = json.loads(row[0]), made_from(connection, project)
    changed = {part for part in before.keys() | now.keys() if before.get(part) != now.get(part)}
    if not changed:
        return Due(is_current=True)
    return Due(selector=next((name for name, parts in _SELECTORS.items() if changed <= parts), None))


def record(connection: Connection, inputs: dict[str, str]) -> None:
    """Write down that a build went well.

    Args:
        connection: To the warehouse.
        inputs: What `made_from` said before the build: what changed meanwhile is not in it.
    """
    made = _made(connection)
    with connection, connection.cursor() as cursor:
        cursor.execute("delete from ops.last_build")
        cursor.execute("insert into ops.last_build (made_from, made) values (%s, %s)", (json.dumps(inputs), made))


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
