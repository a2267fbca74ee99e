"""Rows that go from PostgreSQL to the lake and back are the same rows; what did not change is not copied."""

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812

from simrace.build.dbt import BuildError, BuildResult
from simrace.database.connection import ConnectionParameters
from simrace.lake.build import build_phase
from simrace.lake.choices import engine_of, set_engine
from simrace.lake.engine import run_on_engine, statements_on_engine
from simrace.lake.fetch import write_rows
from simrace.lake.inputs import BY_FILE, copy_inputs
from simrace.lake.plan import Phase, phases
from simrace.lake.publish import publish
from simrace.lake.settings import PINS, Lake, LakeError, lake

SHELL = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Python is a shell script")
LEDGERS = {"retired": 0, "lake_built": 0, "lake_fetched": 0}
ODD = """
    create table odd (
        key text, reals real, doubles double precision, money numeric(18, 6), any_number numeric, moment timestamptz,
        day date, is_so boolean, id uuid, words text[], numbers double precision[], short smallint, document jsonb
    );
    insert into odd values
    ('a', 1.626, 0.1, 12.345678, 7, '2026-03-29 01:30:00.123456+01', '2026-03-29', true,
        '00000000-0000-0000-0000-0000000000ab', array['a,b', 'c"d', null, '', E'\\\\N', E'e\\nf'],
        array[1.5, null, 'nan', 'infinity'], 3, '{"a": 1}'),
    ('b', 'nan', '-infinity', -0.000001, 0.5, null, null, null, null, null, '{}', null, null),
    ('c', 7.0065e-44, 1e308, null, null, '1999-12-31 23:59:59.999999+00', '0099-01-02', false,
        null, '{}', null, -1, '[]'),
    (E'd,"\\n\\r\\\\N', null, null, null, null, null, null, null, null, null, null, null, null),
    ('\\\\N', null, null, null, null, null, null, null, null, null, null, null, null),
    ('', null, null, null, null, null, null, null, null, null, null, null, null);
"""


@pytest.fixture
def connection(database: ConnectionParameters) -> Iterator[Connection]:
    with closing(database.connect()) as connection:
        yield connection


def ask(connection: Connection, statement: str) -> list[tuple[Any, ...]]:
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def come_back(folder: Path, model: str, rows: Path, keys: dict[str, str | None]) -> None:
    """What the engine would write."""
    (folder / model / "keys").mkdir(parents=True)
    schema = pa.schema([("key", pa.string()), ("input_hash", pa.string())])
    listed = [{"key": key, "input_hash": input_hash} for key, input_hash in keys.items()]
    pq.write_table(pa.Table.from_pylist(listed, schema), folder / model / "keys" / "1.parquet")
    shutil.copytree(rows, folder / model / "rows")


def test_odd_values_come_back_as_they_went(connection: Connection, tmp_path: Path) -> None:
    ask(connection, ODD)
    assert copy_inputs(connection, tmp_path / "inputs", {"odd": "public.odd"}) == {"odd": 6, **LEDGERS}
    keys: dict[str, str | None] = {str(key): "hash" for (key,) in ask(connection, "select key from odd")}
    come_back(tmp_path, "odd", tmp_path / "inputs" / "odd", keys)
    assert publish(connection, tmp_path, {"odd": "key"}) == {"odd": 6}
    types = ask(
        connection,
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = cast('odd' as regclass) and attnum > 0 order by attnum",
    )
    cast = ", ".join(f"cast({name} as {kind})" for name, kind in types)
    for one, other in ((f"select {cast} from lake.odd", "table odd"), ("table odd", f"select {cast} from lake.odd")):
        assert ask(connection, f"{one} except all {other}") == []
    assert dict(ask(connection, "select key, input_hash from lake.built where model = 'odd'")) == keys


def test_keys_that_changed_or_are_gone_replace_their_rows(connection: Connection, tmp_path: Path) -> None:
    ask(connection, "create table laps (key text, lap integer); insert into laps values ('a', 1), ('a', 2), ('b', 3)")
    copy_inputs(connection, tmp_path / "inputs", {"laps": "public.laps"})
    come_back(tmp_path, "laps", tmp_path / "inputs" / "laps", {"a": "1", "b": "1"})
    publish(connection, tmp_path, {"laps": "key"})
    ask(connection, "update laps set lap = 9 where lap = 2; delete from laps where key = 'b'")
    assert copy_inputs(connection, tmp_path / "inputs", {"laps": "public.laps"}) == {"laps": 2, "lake_built": 2}
    come_back(tmp_path, "laps", tmp_path / "inputs" / "laps", {"a": "2", "b": None})
    publish(connection, tmp_path, {"laps": "key"})
    assert ask(connection, "select key, lap from lake.laps order by lap") == [("a", "1"), ("a", "9")]
    assert ask(connection, "select key, input_hash from lake.built") == [("a", "2")]
    assert not list(tmp_path.glob("laps/**/*.parquet")), "what is copied is left for the next run to copy again"


def test_what_the_engine_did_not_end_to_write_takes_nothing_away_and_is_not_there_twice(
    connection: Connection, tmp_path: Path
) -> None:
    ask(connection, "create table laps (key text, lap integer); insert into laps values ('a', 1), ('b', 2)")
    copy_inputs(connection, tmp_path / "inputs", {"laps": "public.laps"})
    rows = tmp_path / "inputs" / "laps"
    come_back(tmp_path, "laps", rows, {"a": "1", "b": "1"})
    publish(connection, tmp_path, {"laps": "key"})
    come_back(tmp_path, "laps", rows, {"a": "2", "b": "2"})
    (tmp_path / "laps" / "keys" / "1.parquet").unlink()
    assert publish(connection, tmp_path, {"laps": "key"}) == {}, "rows without their keys"
    come_back(tmp_path, "laps", rows, {"a": "2"})
    publish(connection, tmp_path, {"laps": "key"})
    assert ask(connection, "select key, lap from lake.laps order by lap") == [("a", "1"), ("b", "2")]
    assert ask(connection, "select key, input_hash from lake.built order by key") == [("a", "2"), ("b", "1")]


def test_what_did_not_change_is_not_copied_and_an_unfinished_copy_is_made_again(
    connection: Connection, tmp_path: Path
) -> None:
    ask(connection, "create table sessions as select 1 as session, 0.5::real as share")
    relations = {"sessions": "public.sessions"}
    assert copy_inputs(connection, tmp_path, relations) == {"sessions": 1, **LEDGERS}
    assert copy_inputs(connection, tmp_path, relations) == {}
    ask(connection, "alter table sessions alter column share type double precision")
    assert copy_inputs(connection, tmp_path, relations) == {"sessions": 1}, "a change of the type alone"
    shutil.move(tmp_path / "sessions", tmp_path / "sessions.part")
    assert copy_inputs(connection, tmp_path, relations) == {"sessions": 1}


def test_blocks_of_a_file_are_copied_once_and_leave_with_it(connection: Connection, tmp_path: Path) -> None:
    ask(
        connection,
        """
        create schema staging;
        create table staging.stg_files__files (file_id text, reading_hash text, format_family text);
        create table staging.stg_telemetry__channel_plans (file_id text);
        create table staging.stg_files__blocks (file_id text, block_number integer, lines text);
        insert into staging.stg_files__files values
        ('a', null, 'telemetry'), ('b', null, 'telemetry'), ('r', null, 'results');
        insert into staging.stg_files__blocks values ('a', 1, '1,2'), ('a', 2, '3'), ('b', 1, '4'), ('r', 1, '5');
        """,
    )
    relations = {BY_FILE[0]: f"staging.{BY_FILE[0]}"}

    def copied() -> list[tuple[str, str]]:
        rows = pq.read_table(tmp_path / BY_FILE[0]).to_pylist()
        return sorted((row["file_id"], row["lines"]) for row in rows)

    assert copy_inputs(connection, tmp_path, relations) == {BY_FILE[0]: 3, **LEDGERS}
    assert copied() == [("a", "1,2"), ("a", "3"), ("b", "4")]
    assert copy_inputs(connection, tmp_path, relations) == {}
    ask(connection, "insert into staging.stg_files__files values ('c', null, 'telemetry')")
    ask(connection, "insert into staging.stg_files__blocks values ('c', 1, '6')")
    assert copy_inputs(connection, tmp_path, relations) == {BY_FILE[0]: 1}, "the others are there"
    ask(connection, "delete from staging.stg_files__files where file_id = 'a'")
    ask(connection, "update staging.stg_files__files set reading_hash = 'new' where file_id = 'c'")
    ask(connection, "update staging.stg_files__blocks set lines = '7' where file_id = 'c'")
    copy_inputs(connection, tmp_path, relations)
    assert copied() == [("b", "4"), ("c", "7")]
    ask(connection, "create schema ops")
    ask(
        connection,
        "create table ops.retired as select cast(null as uuid) as session_id, 'b' as file_id, now() as raw_retired_at, "
        "now() as traces_retired_at",
    )
    copy_inputs(connection, tmp_path, relations)
    assert copied() == [("c", "7")], "the lines of one that simrace retain let go"
    ask(connection, "delete from staging.stg_files__files")
    copy_inputs(connection, tmp_path, relations)
    assert copied() == [], "there is a file of no rows, which tells the columns"


def test_the_engine_is_asked_only_where_something_changed(
    database: ConnectionParameters, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(connection, "create table sessions as select 1 as session")
    asked: list[str] = []

    def engine(*_: Any) -> BuildResult:
        asked.append("")
        if asked == [""]:
            raise BuildError("killed")
        come_back(there.exchange / "published", "laps", there.exchange / "inputs" / "sessions", {"1": str(len(asked))})
        return BuildResult()

    def run(code: str = "code", options: tuple[str, ...] = ()) -> int:
        before = len(asked)
        phase, nodes = (
            Phase(True, ("laps",), ("sessions",)),
            {"sessions": SimpleNamespace(schema="public", alias="sessions")},
        )
        build_phase(database, there, lambda action: action(), phase, options, {"laps": "session"}, nodes, code)
        return len(asked) - before

    there = Lake("sail", tmp_path, tmp_path / "exchange", str(tmp_path / "tables"))
    monkeypatch.setattr("simrace.lake.build.run_on_engine", engine)
    with pytest.raises(BuildError):
        run()
    assert [run(), run(), run()] == [1, 0, 0], "the first time it failed"
    ask(connection, "update sessions set session = 2")
    assert [run(), run()] == [1, 0]
    assert [run("other code"), run("other code")] == [1, 0]
    assert [run("other code", ("--full-refresh",)), run("other code")] == [1, 0]
    ask(connection, "delete from lake.built")
    assert [run("other code"), run("other code")] == [1, 0], "PostgreSQL lost what was published"


def test_an_engine_that_is_not_known_is_refused() -> None:
    with pytest.raises(LakeError, match="postgres, spark, sail"):
        lake("duckdb")


def test_a_thrift_server_elsewhere_must_ask_for_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simrace.lake.engine.make_environment", None)  # it is told before anything is installed
    there = Lake("spark", tmp_path, tmp_path / "exchange", str(tmp_path / "tables"))
    with pytest.raises(LakeError, match="simrace spark up"):
        run_on_engine(there, tmp_path, Phase(True, ("laps",)))
    monkeypatch.setenv("SIMRACE_SPARK_HOST", "spark.example.org")
    with pytest.raises(LakeError, match="SIMRACE_SPARK_PASSWORD"):
        run_on_engine(there, tmp_path, Phase(True, ("laps",)))


def test_the_password_of_the_catalog_is_in_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dbt = tmp_path / "dbt"
    dbt.write_text(
        "#!/bin/sh\necho 'no way to jdbc:postgresql://h/d?user=u&password=s3cret-&x=1:37'; exit 1\n", "utf-8"
    )
    dbt.chmod(0o755)
    monkeypatch.setattr("simrace.lake.engine.dbt_of", lambda *_: (dbt, {"DBT_LOG_PATH": "logs"}))
    with pytest.raises(BuildError, match=r"user=u&password=\.\.\.&x=1"):
        run_on_engine(Lake("spark", tmp_path, tmp_path, str(tmp_path)), tmp_path, Phase(True, ("laps",)))


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Lake:
    """A lake whose Python is a shell script."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    python.chmod(0o755)
    monkeypatch.setattr("simrace.lake.engine.dbt_of", lambda *_: (folder / "dbt", {"PATH": os.environ["PATH"]}))
    return Lake("spark", folder, folder / "exchange", str(folder / "tables"))


@SHELL
def test_statements_are_answered_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "cat >asked.json; echo what a library says; echo; echo '[[[1, \"a\"]], null]'"
    there = stand_in(tmp_path, monkeypatch, f"cd '{tmp_path}'; {said}")
    with statements_on_engine(there, tmp_path) as run:
        assert run(["select 1, 'a'", "insert"]) == [[[1, "a"]], None]
    assert json.loads((tmp_path / "asked.json").read_text("utf-8")) == ["select 1, 'a'", "insert"]


@SHELL
def test_a_statement_that_fails_is_told_without_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = stand_in(tmp_path, monkeypatch, "echo 'no way to jdbc:postgresql://h/d?password=s3cret&x=1' >&2; exit 1")
    with statements_on_engine(there, tmp_path) as run, pytest.raises(BuildError, match=r"password=\.\.\.&x=1"):
        run(["select 1"])


@SHELL
def test_who_is_told_nothing_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = stand_in(tmp_path, monkeypatch, f"echo $$ >'{tmp_path}/pid'; exec sleep 600")
    with pytest.raises(LakeError), statements_on_engine(there, tmp_path):
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text("utf-8").strip():
            time.sleep(0.05)
        raise LakeError("another reason")
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text("utf-8")))


def test_rows_of_a_session_are_published_under_the_fingerprint_and_code_of_the_lake(tmp_path: Path) -> None:
    names = ("samples", "traces", "due", "none")
    nodes = {name: SimpleNamespace(schema="intermediate", config={"key": "session_id"}) for name in names}
    ledgers = {
        "ops.built": [["samples", "hash"], ["traces", "other"], ["due", ""]],
        "ops.code": [["samples", "code"], ["traces", "code"]],
    }
    asked: list[str] = []

    def run(statements: list[str]) -> list[Any]:
        asked[:] = statements
        found = (re.match(r"select model, .* from (ops\.\w+) where .*'traces'", each) for each in statements)
        return [ledgers[each[1]] if each else None for each in found]

    expected = {"samples": "hash code", "traces": "other code", "none": None}
    of_spark = Lake("spark", tmp_path, tmp_path / "exchange", "s3://bucket/tables")
    assert write_rows(run, of_spark, nodes, "a1") == expected
    assert len(asked) == 2 + len(names) and "key = 'a1'" in asked[0]
    place = f"'{of_spark.exchange}/published/traces/rows'"
    assert [each for each in asked if place in each and each.endswith("intermediate.traces where session_id = 'a1'")]
    of_sail = Lake("sail", tmp_path, tmp_path / "exchange", str(tmp_path / "tables"))
    assert write_rows(run, of_sail, nodes, "a1") == expected
    first = asked.index(f"create table ops.built using iceberg location '{tmp_path}/tables/ops/built'")
    assert "create schema if not exists ops" in asked[:first], "Sail knows of no table"


def test_pins_of_engines_are_hashed_and_name_no_host() -> None:
    for pins in PINS.glob("*.lock"):
        text = pins.read_text("utf-8")
        assert text.count("--hash=sha256:") >= text.count("==") > 20
        assert "://" not in text
        assert "index-url" not in text


def test_who_builds_is_told_by_the_warehouse(connection: Connection) -> None:
    assert engine_of(connection) is None
    set_engine(connection, None)
    assert ask(connection, "select to_regnamespace('lake')") == [(None,)], "who has no lake gets none"
    set_engine(connection, "spark")
    assert engine_of(connection) == "spark"
    set_engine(connection, None)
    assert engine_of(connection) is None


def test_what_grows_and_what_does_not_take_turns() -> None:
    def node(
        name: str, reads: list[str], grows: str | None = None, kind: str = "table", refers: str = "", key: str = ""
    ) -> Any:
        return SimpleNamespace(
            name=name,
            resource_type="test" if kind == "test" else "model",
            depends_on_nodes=[*reads, *([refers] if refers else [])],
            raw_code=" ".join(f"ref('{each}')" for each in reads),
            config=SimpleNamespace(
                meta={"grows": grows} if grows else {}, materialized=kind, get={"key": key}.get
            ),
            constraints=[SimpleNamespace(to=f"ref('{refers}')")] if refers else [],
            columns={},
        )  # fmt: skip

    nodes = [
        node("sessions", []),
        node("lines", ["sessions"], "kept", "view"),
        node("samples", ["lines", "sessions"], "fetched"),
        node("places", ["samples"], "kept", "view", key="session_id"),
        node("laps", ["samples"], "published", refers="drivers"),
        node("drivers", ["sessions"]),
        node("layouts", ["laps"]),
        node("smooth", ["places"], "kept", "view"),
        node("corners", ["layouts", "smooth"], "published"),
        node("bends", ["corners", "report", "smooth"], "published"),
        node("report", ["corners", "drivers"]),
        node("every_session_has_samples", ["samples", "sessions"], kind="test"),
        node("corners_are_of_layouts", ["corners", "layouts"], kind="test"),
    ]
    assert phases(SimpleNamespace(nodes={node.name: node for node in nodes})) == [
        Phase(False, ("drivers", "sessions")),
        Phase(True, ("every_session_has_samples", "laps", "lines", "places", "samples", "smooth"), ("sessions",)),
        Phase(False, ("every_session_has_samples", "laps", "layouts", "lines", "places", "samples", "smooth")),
        Phase(True, ("corners", "smooth"), ("layouts",)),
        Phase(False, ("corners", "corners_are_of_layouts", "report")),
        Phase(True, ("bends", "smooth"), ("report",)),
        Phase(False, ("bends",)),
    ]
