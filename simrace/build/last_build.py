"""Find out which part of the marts a build would change, so that `simrace run` builds no more.

After a build without an error, ops.last_build holds hashes of its inputs and of its tables. Every dbt command that
could change a table empties ops.last_build first (macros/hooks/ops_tables.sql), so a command that failed, was killed
or built only a part leaves nothing there.
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

import ingestion
import simrace
from ingestion.raw_tables import relation_exists
from simrace.database.pseudonyms import session_options
from simrace.database.roles import SCHEMAS, TRANSFORMER

# A log of iRacing tells the results of its race too.
_FAMILY = "case when source_format = 'iracing_ibt' then 'telemetry and results' else format_family end"

# What models read and dbt does not write: rows by family of files, or by table where they have none. A row's version
# and place change with every change of the row; of a load it counts whether it was completed.
_READ = {
    "raw.files": f"select {_FAMILY}, {{rows}} from raw.files as rows left join {{loads}} group by 1",
    "raw.file_sightings": f"""
        select coalesce({_FAMILY}, 'sightings'), {{rows}} from raw.file_sightings as rows
        left join raw.files using (file_id) left join {{loads}} group by 1
    """,
    "raw.rejected_files": "select 'rejected', {rows} from raw.rejected_files as rows left join {loads}",
    # of telemetry, which is all that users declare
    "raw.declared_formats": "select 'telemetry', {own_rows} from raw.declared_formats",
    "raw.own_seed_rows": "select 'own seeds', {own_rows} from raw.own_seed_rows",
    "raw.struck_drivers": "select 'struck', {own_rows} from raw.struck_drivers",
    "ops.retired": "select 'retired', {own_rows} from ops.retired",
}
_OWN_ROWS = "count(*), sum(hashtextextended(concat_ws(' ', xmin, ctid), 0))"
_ROWS = "count(*), sum(hashtextextended(concat_ws(' ', rows.xmin, rows.ctid, loads.status), 0))"
_LOADS = "raw._dlt_loads as loads on rows._dlt_load_id = loads.load_id"

# dbt's selector (selectors.yml) for what can have changed, the narrowest first. All of them cover refused files.
_SELECTORS = {
    "after_telemetry": {"telemetry", "markers", "rejected"},
    "after_results": {"results", "rejected"},
    "after_files": {"telemetry", "markers", "results", "telemetry and results", "rejected"},
}

# A hash over every built relation, its storage file, owner and grants. It changes when a table is dropped, truncated,
# rebuilt or re-granted.
_MADE = """
    select
        md5(string_agg(
            concat_ws(' ', pg_class.oid, relfilenode, relowner, relacl, nspowner, nspacl), ',' order by pg_class.oid
        )),
        (select string_agg(rolname, ' ' order by rolname) from pg_roles where starts_with(rolname, 'simrace_'))
    from pg_class inner join pg_namespace on relnamespace = pg_namespace.oid
    where nspname = any(%s) and relkind in ('r', 'p', 'v', 'm')
"""

_BUILT_SCHEMAS = [schema for schema, (writer, _) in SCHEMAS.items() if writer == TRANSFORMER and schema != "ops"]
_READ_BY_DBT = (".sql", ".yml", ".yaml", ".csv", ".md")
_OURS = (".py", ".toml")
_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a tenth of the time, where it was built


@dataclass(frozen=True)
class Due:
    """Which part of the marts a build would change.

    Attributes:
        is_current: True when it would change nothing.
        selector: dbt's selector for a part; None for everything, or nothing.
    """

    is_current: bool = False
    selector: str | None = None


def hash_of_project(project: Path) -> str:
    """Hash of the code that a build runs: files, dbt's settings and version, the pseudonyms' key, and the day.

    The day is part of it because some figures look back from today.

    Args:
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
    return digest.hexdigest()


def made_from(connection: Connection, project: Path) -> dict[str, str]:
    """Hashes of everything that a build depends on: `project`, and the rows of each family of files.

    Args:
        connection: To the warehouse.
        project: Folder of dbt_project.yml.
    """
    parts: dict[str, Any] = {"project": hash_of_project(project)}
    with connection, connection.cursor() as cursor:
        for table, statement in _READ.items():
            if relation_exists(cursor, table):
                cursor.execute(statement.format(rows=_ROWS, loads=_LOADS, own_rows=_OWN_ROWS))
                for part, *rows in cursor.fetchall():
                    if rows[0]:  # an empty table counts like one that the first build has not made yet
                        parts[part] = f"{parts.get(part, '')} {table} {rows}"
    return parts


def due(connection: Connection, project: Path) -> Due:
    """What changed since the last build that went well."""
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, "ops.last_build"):
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
    """Record that a build succeeded.

    Args:
        connection: To the warehouse.
        inputs: The answer of `made_from` before the build, so that changes during the build are not in it.
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
    """Every file that dbt reads, and those of our packages, which land its data and call it."""
    text = (project / "dbt_project.yml").read_text(encoding="utf-8")
    described: dict[str, Any] = yaml.load(text, Loader=_YAML)  # noqa: S506 - both are safe
    folders = {folder for name, paths in described.items() if name.endswith("-paths") for folder in paths}
    found = {file for folder in folders for file in (project / folder).rglob("*") if file.suffix in _READ_BY_DBT}
    ours = [Path(package.__file__ or "").parent for package in (ingestion, simrace)]
    return sorted(
        {
            *found,
            *project.glob("*.yml"),
            *(file for folder in ours for file in folder.rglob("*") if file.suffix in _OURS),
        }
    )
