"""Each role does its work, and tries what it must not do."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from typer.testing import CliRunner, Result

from simrace.cli import db
from simrace.cli.app import app
from simrace.database import retry
from simrace.database.connection import ConnectionParameters
from simrace.database.roles import (
    LOADER,
    OWNER,
    READER,
    ROLES,
    TRANSFORMER,
    RoleState,
    make_roles,
    password_variable,
)
from simrace.database.server import Server
from simrace.lake.choices import engine_of, set_engine
from tests.ingestion.test_landing import GARAGE61, ROW

PASSWORD = "only-for-{}"  # noqa: S105 - of roles that a test makes
RIGHTS = (
    "select nspname, nspowner::regrole::text, nspacl::text, defaclrole::regrole::text, defaclacl::text "
    "from pg_namespace left join pg_default_acl on pg_default_acl.defaclnamespace = pg_namespace.oid "
    "where nspname !~ '^pg_' order by 1, 4"
)
# In the schemas that the loader does not fill; raw has what it landed.
TABLES = dict.fromkeys(("staging", "intermediate", "marts", "ops", "lake"), TRANSFORMER)


def simrace(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def login(database: ConnectionParameters, role: str) -> ConnectionParameters:
    return ConnectionParameters({**database.settings, "user": role, "password": PASSWORD.format(role)})


def ask(parameters: ConnectionParameters, statement: str) -> list[tuple[object, ...]]:
    with closing(parameters.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def made(landing_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectionParameters]:
    """A database with the roles, a lap that the loader landed, and a table in every other schema."""
    server = ConnectionParameters(landing_server.settings)
    with closing(server.connect()) as connection:
        connection.autocommit = True
        connection.cursor().execute("create database secured")
    database = ConnectionParameters({**landing_server.settings, "dbname": "secured"})
    folder = tmp_path_factory.mktemp("secured")
    (folder / "lap.csv").write_text(GARAGE61 + ROW * 20, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMRACE_HOME", str(folder / "home"))
        patch.setenv("SIMRACE_DATABASE_URL", database.url)
        for role in ROLES:
            patch.setenv(password_variable(role), PASSWORD.format(role))
        done = simrace("db", "roles", "--statement-timeout", "200ms")
        assert done.exit_code == 0, done.output
        assert "only-for" not in done.output
        patch.setenv("SIMRACE_DATABASE_URL", login(database, LOADER).url)
        landed = simrace("land", folder / "lap.csv")
        assert landed.exit_code == 0, landed.output
    left = [
        file for file in (folder / "home").rglob("*") if file.is_file() and ROW.strip().encode() in file.read_bytes()
    ]
    assert not left, "what is landed is in the database and nowhere else"
    if sys.platform != "win32":
        assert (folder / "home" / "dlt").stat().st_mode & 0o777 == 0o700
    for schema, role in TABLES.items():
        ask(login(database, role), f"create table {schema}.things as select 1 as thing")
    yield database
    for role in ROLES:
        ask(database, f"drop owned by {role} cascade")
    for role in ROLES:
        ask(database, f"drop role {role}")


@pytest.fixture
def secured(made: ConnectionParameters, monkeypatch: pytest.MonkeyPatch) -> ConnectionParameters:
    """The same, which the environment names."""
    monkeypatch.setenv("SIMRACE_DATABASE_URL", made.url)
    return made


def test_the_owner_of_a_database_needs_no_superuser(
    database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on hosted servers: CREATEROLE and a database of one's own that already has tables."""
    name = database.settings["dbname"]
    ask(database, f"create role admin login createrole password 'only-for-admin'; alter database {name} owner to admin")
    admin = login(database, "admin")
    try:
        ask(admin, "create schema raw; create table raw.files (file_id text); create schema marts")
        monkeypatch.setenv("SIMRACE_DATABASE_URL", admin.url)
        monkeypatch.setenv(password_variable(READER), PASSWORD.format(READER))
        done = simrace("db", "roles")
        assert done.exit_code == 0, done.output
        assert f"{READER}: selects from marts (logs in)" in done.output
        assert "does not log in: set SIMRACE_LOADER_PASSWORD" in done.output
        assert ask(database, "select relowner::regrole::text from pg_class where relname = 'files'") == [(LOADER,)]
        assert simrace("db", "roles").exit_code == 0
    finally:
        for role in (*ROLES, "admin"):
            ask(database, f"alter database {name} owner to current_user; drop owned by {role} cascade")
        for role in ("admin", *ROLES):
            ask(database, f"drop role {role}")


ALLOWED = [
    (LOADER, "select lines from raw.file_blocks"),
    (LOADER, "delete from raw.rejected_files"),
    (TRANSFORMER, "select lines from raw.file_blocks"),
    (TRANSFORMER, "create table marts.fct_new as select 1 as x; drop table marts.fct_new"),
    (TRANSFORMER, "create temporary table fct_new__computed as select 1 as x"),
    (READER, "select thing from marts.things"),
    (OWNER, "delete from raw.rejected_files; update marts.things set thing = 1; drop table if exists ops.nothing"),
    (OWNER, "create schema ci_marts; drop schema ci_marts"),
]


@pytest.mark.parametrize(("role", "statement"), ALLOWED)
def test_a_role_may_do_its_work(secured: ConnectionParameters, role: str, statement: str) -> None:
    ask(login(secured, role), statement)


EVERYBODY = [
    "create schema mine",
    "create table public.things (thing int)",
    "create table pg_temp.things (thing int); create role mine",
    "select rolpassword from pg_authid",
    "select pg_read_file('/etc/passwd')",
    "copy (select 1) to program 'true'",
    "set role simrace_owner",
    "set session authorization simrace_owner",
    "alter role current_user createrole",
    "create extension postgres_fdw",
    "alter system set log_statement = 'all'",
]
FORBIDDEN = {
    LOADER: [
        *(f"select * from {schema}.things" for schema in TABLES),
        *(f"insert into {schema}.things values (2)" for schema in TABLES),
        "create table marts.mine (thing int)",
        "set role simrace_transformer",
        "drop schema raw cascade",
    ],
    TRANSFORMER: [
        "insert into raw._dlt_loads (load_id) values ('x')",
        "delete from raw.files",
        "truncate raw.file_blocks",
        "drop table raw.files",
        "create table raw.mine (thing int)",
        "set role simrace_loader",
        "drop schema marts cascade",
    ],
    READER: [
        "select * from raw.files",
        "select * from raw._dlt_loads",
        *(f"select * from {schema}.things" for schema in TABLES if schema != "marts"),
        "insert into marts.things values (2)",
        "update marts.things set thing = 2",
        "delete from marts.things",
        "truncate marts.things",
        "drop table marts.things",
        "create table marts.mine (thing int)",
        "create view marts.things_again as select 1 as x",
        "alter table marts.things add column mine text",
        "create index on marts.things (thing)",
        "set role simrace_transformer",
    ],
}


@pytest.mark.parametrize("role", FORBIDDEN)
def test_a_role_may_do_nothing_else(secured: ConnectionParameters, role: str) -> None:
    """Not even after it removes its defaults, as any role may."""
    done = []
    with closing(login(secured, role).connect()) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("set default_transaction_read_only = off; set statement_timeout = 0")
            for statement in FORBIDDEN[role] + EVERYBODY:
                try:
                    cursor.execute(statement)
                except psycopg2.errors.InsufficientPrivilege:
                    continue
                done.append(statement)
    assert not done


def test_a_reader_reads_only_and_not_for_ever(secured: ConnectionParameters) -> None:
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        ask(login(secured, READER), "create temporary table mine (thing int)")
    with pytest.raises(psycopg2.errors.QueryCanceled, match="statement timeout"):
        ask(login(secured, READER), "select pg_sleep(60)")
    assert ask(login(secured, READER), "show idle_in_transaction_session_timeout") == [("5min",)]


def test_a_table_to_come_can_be_read_at_once(secured: ConnectionParameters) -> None:
    """Even in the middle of a build, and whichever of the two made it."""
    for maker in (TRANSFORMER, OWNER):
        ask(login(secured, maker), f"create table marts.fct_of_{maker} as select 1 as x")
        assert ask(login(secured, READER), f"select x from marts.fct_of_{maker}") == [(1,)]


def test_names_without_a_schema_cannot_be_planted(secured: ConnectionParameters) -> None:
    """Neither earlier on the search path, nor under the reader's own name."""
    for role in (LOADER, TRANSFORMER, READER):
        for schema in (READER, OWNER, "public"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                ask(
                    login(secured, role),
                    f"set transaction read write; create schema if not exists {schema}; "
                    f"create function {schema}.lower(text) returns text language sql as 'select $1'",
                )


def test_passwords_are_kept_as_scram_and_hashed_before_they_are_sent(secured: ConnectionParameters) -> None:
    kept = ask(secured, f"select rolname, rolpassword from pg_authid where rolname = any(array{list(ROLES)})")
    assert len(kept) == len(ROLES)
    assert all(str(password).startswith("SCRAM-SHA-256$") for _, password in kept)


def test_a_second_time_changes_nothing(secured: ConnectionParameters) -> None:
    before = ask(secured, RIGHTS)
    assert simrace("db", "roles").exit_code == 0
    assert ask(secured, RIGHTS) == before


def test_roles_that_meet_a_deadlock_are_made_again(
    secured: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def deadlocked_once(connection: Connection, statement_timeout: str) -> list[RoleState]:
        tries.append(statement_timeout)
        if len(tries) == 1:
            raise psycopg2.errors.DeadlockDetected("deadlock detected")
        return make_roles(connection, statement_timeout)

    monkeypatch.setattr(retry, "FIRST_WAIT_S", 0)
    monkeypatch.setattr(db, "make_roles", deadlocked_once)
    done = simrace("db", "roles")
    assert (done.exit_code, len(tries)) == (0, 2), done.output
    assert f"{READER}: selects from marts" in done.output


def test_a_database_that_was_opened_is_closed_again(secured: ConnectionParameters) -> None:
    """It was made by another user before there were roles, and rights were given away since."""
    right = ask(secured, RIGHTS)
    ask(secured, "create table marts.made_before as select 1 as x; create view staging.old as select 1 as x")
    ask(secured, "grant all on schema raw, marts to public; grant all on raw.files to simrace_reader, public")
    ask(secured, "grant create on schema public to public; grant insert on marts.things to simrace_reader")
    ask(secured, "alter schema raw owner to current_user; alter table raw.files owner to current_user")
    ask(secured, "alter role simrace_reader createdb createrole bypassrls")
    assert simrace("db", "roles", "--statement-timeout", "1min").exit_code == 0
    assert ask(secured, RIGHTS) == right
    assert ask(login(secured, READER), "select x from marts.made_before") == [(1,)]
    owners = "select relowner::regrole::text from pg_class where relname in ('made_before', 'old')"
    assert ask(secured, owners) == [(TRANSFORMER,), (TRANSFORMER,)]
    assert ask(login(secured, LOADER), "alter table raw.files set (parallel_workers = 2)") == []
    test_a_role_may_do_nothing_else(secured, READER)


def test_whoever_may_not_make_roles_is_told_who_may(
    secured: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMRACE_DATABASE_URL", login(secured, TRANSFORMER).url)
    done = simrace("db", "roles")
    assert done.exit_code == 1
    assert "This user may not make the roles" in done.output
    assert "CREATEROLE" in done.output


def test_what_is_no_timeout_and_an_empty_password_are_refused(
    secured: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = simrace("db", "roles", "--statement-timeout", "soon")
    assert done.exit_code == 1
    assert "Write it as 30s" in done.output
    monkeypatch.setenv(password_variable(READER), "")
    done = simrace("db", "roles")
    assert done.exit_code == 1
    assert "SIMRACE_READER_PASSWORD is empty" in done.output


def test_the_transformer_chooses_an_engine(secured: ConnectionParameters) -> None:
    """Its schema is there, and the transformer may make none."""
    with closing(login(secured, TRANSFORMER).connect()) as connection:
        set_engine(connection, "sail")
        assert engine_of(connection) == "sail"
        set_engine(connection, None)
        assert engine_of(connection) is None
