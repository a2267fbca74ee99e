"""Old lines and samples are deleted, and everything made from them stays."""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import psycopg2
import pytest

from simrace.operations.forget import find_named, forget
from simrace.operations.log_proof import Proof
from simrace.operations.retention import RetentionError, find_expired
from simrace.operations.verify import prove_bytes
from tests.conftest import AGAIN, Warehouse, change_file, copy_project
from tests.store import (  # noqa: F401 - fixtures
    BUCKET,
    STORE_VARIABLES,
    Answer,
    Fault,
    Store,
    backend,
    one_store_of_tests,
    store_of_a_test,
)

LINES = "select count(*) from raw.file_blocks where block_number > 1 and file_id in (select file_id from "
OF_SESSION = "intermediate.int_telemetry_session_files where session_id = '{}')"


def test_old_lines_go_and_what_was_made_from_them_stays(warehouse: Warehouse, built: Warehouse, store: Store) -> None:
    other = built.other("old", is_copy=True)
    # of the store, for the commands
    other = Warehouse(other.folder, {**other.environment, **{name: os.environ[name] for name in STORE_VARIABLES}})
    files = sorted((warehouse.folder / "files" / "telemetry").glob("*.csv"))
    other.run("simrace", "land", *files)
    other.run("dbt", "build", *AGAIN)
    before = other.checksums()
    samples = dict(other.query("select session_id, count(*) from marts.fct_telemetry_samples group by 1"))
    shown = other.run("simrace", "retain").stdout
    references = {row[0] for row in other.query("select reference_session_id from marts.dim_track_corners")}
    old = [str(session) for session in samples if session not in references]
    assert len(old) > 2 and all(session in shown for session in old)
    assert not any(str(session) in shown for session in references)

    with closing(psycopg2.connect(other.url)) as connection, pytest.raises(RetentionError, match="simrace build"):
        find_expired(connection, {"enabled": False, "raw_months": 600, "traces_months": 600, "session_months": 600})

    pinned, gone = old[0], old[1:]
    months = (
        "select tableoid::regclass::text, array_agg(distinct session_id) from intermediate.int_telemetry_samples "
        "group by 1"
    )
    all_gone = {month for month, sessions in other.query(months) if set(str(sessions)[1:-1].split(",")) <= set(gone)}
    assert all_gone
    other.run("simrace", "pin", pinned)
    assert other.run("simrace", "retain", "--apply", check=False).returncode == 1  # nobody was there to ask
    _nothing_goes_while_its_copy_is_not_whole(other, store)
    assert other.checksums() == before, "nor did anything go in any step above"
    other.query("update marts.dim_sessions set session_started_at = now() - interval '4 months' returning 1")
    months = other.query("select distinct to_char(now() - interval '4 months', 'YYYY-MM')")
    kept = Warehouse(other.folder, {**other.environment, "SIMRACE_ARCHIVE": f"s3://{BUCKET}/kept"})
    kept.run("simrace", "retain", "--apply", "--yes")
    objects = {key.split("/")[1] for key in _keys(store) if key.startswith("kept/")}
    assert objects == {f"month={month}" for (month,) in months}
    _what_went_comes_back(other, store, gone)

    left = dict(other.query("select session_id, count(*) from marts.fct_telemetry_samples group by 1"))
    dropped = f"select count(to_regclass(month)) from unnest(array{sorted(all_gone)}) as month"
    assert other.query(dropped) == [(0,)], "a month of which nothing is left goes whole"
    assert left == {session: count for session, count in samples.items() if session not in gone}
    assert other.query(LINES + OF_SESSION.format(pinned)) != [(0,)]
    assert all(other.query(LINES + OF_SESSION.format(session)) == [(0,)] for session in gone)
    changed = {mart for mart, sums in other.checksums().items() if sums != before[mart]}
    assert changed <= {"fct_telemetry_samples", "math_channel_values", "dim_sessions"}
    flags = dict(other.query("select session_id, is_retired from marts.dim_sessions"))
    assert {session for session, is_retired in flags.items() if is_retired} == set(gone)

    with closing(psycopg2.connect(other.url)) as connection:
        proofs = Counter(proof for _, proof in prove_bytes(connection))
    assert proofs.keys() == {Proof.REBUILT, Proof.LET_GO}, "what was let go is told from what differs"
    retired = "select count(*) from marts.dim_sessions where {{ is_retired('session_id', 'session_id') }}"
    compiled = other.run("dbt", "--quiet", "compile", "--inline", retired).stdout
    assert other.query(compiled) == [(len(gone),)], "also of a column without its table"

    # Neither a full refresh nor landing the same files again brings back half a lap.
    kept = other.checksums()
    other.run("simrace", "land", *files)
    other.run("dbt", "build", "--full-refresh", *AGAIN)
    assert other.checksums() == kept

    project = copy_project(other.folder / "project")
    _new_constraints_hold_for_new_rows(other, project, gone, pinned)
    _what_is_forgotten_goes_with_its_session(other, project, gone)


def _keys(store: Store) -> list[str]:
    listed = store.client.list_objects_v2(Bucket=BUCKET)
    return [each["Key"] for each in listed.get("Contents", [])]


def _is_put(environ: WSGIEnvironment) -> bool:
    return environ["REQUEST_METHOD"] == "PUT" and environ["PATH_INFO"].endswith(".parquet")


def _denied(environ: WSGIEnvironment, answer: Callable[[], Answer], start: StartResponse) -> Answer:
    if not _is_put(environ):
        return answer()
    body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    start("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def _stored_otherwise(change: Callable[[bytes], bytes]) -> Fault:
    """What is sent comes to lie there as something else, and the store says that all is well."""

    def fault(environ: WSGIEnvironment, answer: Callable[[], Answer], _start: StartResponse) -> Answer:
        said = list(answer())
        if _is_put(environ):
            bucket, key = environ["PATH_INFO"].strip("/").split("/", 1)
            backend().put_object(bucket, key, change(backend().get_object(bucket, key).value))
        return said

    return fault


def _nothing_goes_while_its_copy_is_not_whole(other: Warehouse, store: Store) -> None:
    blocks = "select count(*), sum(length(lines)) from raw.file_blocks"
    before = other.query(blocks)
    place = f"s3://{BUCKET}/faulty"
    for fault, told in (
        (_denied, "cannot be written, so nothing of it is let go: access was denied"),
        (_stored_otherwise(lambda data: data[: len(data) // 2]), "bytes are there"),
        (_stored_otherwise(lambda data: data[:-1] + b"X"), "is not what was sent, so nothing of it is let go"),
    ):
        store.fault = fault
        done = other.run("simrace", "retain", "--apply", "--yes", "--archive", place, check=False)
        store.fault = None
        assert (done.returncode, told in " ".join((done.stdout + done.stderr).split())) == (1, True), done.stderr
        assert other.query(blocks) == before
    (other.folder / "a file").touch()
    done = other.run("simrace", "retain", "--apply", "--yes", "--archive", other.folder / "a file", check=False)
    assert (done.returncode, "cannot be written" in done.stderr) == (1, True)
    assert other.query(blocks) == before


def _what_went_comes_back(other: Warehouse, store: Store, gone: list[str]) -> None:
    """Into another warehouse it is landed as from any archive, and is what it was."""
    back = other.other("back")
    back.run("simrace", "land", f"s3://{BUCKET}/kept")
    files = f"select file_id from intermediate.int_telemetry_session_files where session_id = any(array{gone}::uuid[])"
    assert back.query("select file_id from raw.files order by 1") == other.query(f"{files} order by 1")
    named = "select file_id, file_name, modified_at from raw.file_sightings"
    assert back.query(f"{named} order by 1") == other.query(f"{named} where file_id in ({files}) order by 1")


def _new_constraints_hold_for_new_rows(other: Warehouse, project: Path, gone: list[str], pinned: str) -> None:
    """A kept table has those of its code; only rows that nobody can make again may break them."""
    table = "marts.lap_driving_metrics"
    rows = f"select session_id, lap_number, has_brake from {table} order by 1, 2"
    declared = (
        "select pg_get_constraintdef(oid) from pg_constraint where contype in ('c', 'p') and conrelid = '{}'::regclass"
    )
    before, was_declared = other.query(rows), other.query(declared.format(table))
    retired = next(session for session, *_ in before if session in gone)
    change_file(
        project,
        "lap_driving_metrics",
        "    lap_number,\n    {{ share_of",
        "    lap_number,\n    1 as grade,\n    {{ share_of",
    )
    change_file(project, "lap_driving_metrics", "end as integer) as gear_changes", "end as bigint) as gear_changes")
    column = "- {name: grade, data_type: integer, description: Nothing., constraints: [{type: not_null}]}"
    for old, new in (
        ("braking_ratio between 0 and 1", f"session_id <> '{retired}'"),
        ("coasting_ratio between 0 and 1", "lap_number >= 0"),
        ("name: gear_changes, data_type: integer", "name: gear_changes, data_type: bigint"),
        ("- {name: full_throttle_ratio, data", f"{column}\n      - {{name: full_throttle_ratio, data"),
    ):
        change_file(project, "_laps__models", old, new)
    other.run("dbt", "run", "--select", "lap_driving_metrics", "--project-dir", project, "--profiles-dir", project)
    assert other.query(rows) == before
    graded = dict(other.query(f"select session_id, sum(grade) from {table} group by 1"))
    assert (graded[pinned], graded[retired]) == (sum(session == pinned for session, *_ in before), None)
    assert other.query(f"select distinct pg_typeof(gear_changes)::text from {table}") == [("bigint",)]
    left = {f"CHECK ((session_id <> '{retired}'::uuid)) NOT VALID", "CHECK ((grade IS NOT NULL)) NOT VALID",
            "CHECK ((lap_number >= 0))"}  # fmt: skip
    now_declared = {str(each) for (each,) in other.query(declared.format(table))}
    assert now_declared >= left
    assert len(now_declared) == len(was_declared) + 1
    for change in ("grade = null", f"session_id = '{retired}'"):
        with (
            closing(psycopg2.connect(other.url)) as connection,
            pytest.raises(psycopg2.errors.CheckViolation),
            connection,
        ):
            connection.cursor().execute(f"update {table} set {change} where session_id = '{pinned}'")


def _what_is_forgotten_goes_with_its_session(other: Warehouse, project: Path, gone: list[str]) -> None:
    """The rest of its files could make half a session."""
    of_session = dict(other.query("select session_id, array_agg(file_id) from ops.retired group by 1 order by 1"))
    session, files = next((str(session), files) for session, files in of_session.items() if len(files) > 1)
    assert session in gone
    with closing(psycopg2.connect(other.url)) as connection:
        forget(connection, find_named(connection, files[:1]))
    assert other.query("select file_id from raw.forgotten_files order by 1") == [(each,) for each in sorted(files)]
    other.run("dbt", "run", "--select", "+lap_driving_metrics", "--project-dir", project, "--profiles-dir", project)
    for table in (
        "intermediate.int_telemetry_sessions",
        "intermediate.int_telemetry_laps_segmented",
        "marts.lap_driving_metrics",
    ):
        assert other.query(f"select 1 from {table} where session_id = '{session}' limit 1") == [], table


def test_limits_that_are_out_of_order_are_refused(warehouse: Warehouse) -> None:
    wrong = "{retention: {enabled: false, raw_months: 5, traces_months: 4, session_months: 36}}"
    done = warehouse.run("dbt", "compile", "--select", "sessions_expired", "--vars", wrong, check=False)
    assert done.returncode != 0
    assert "In the var retention" in done.stdout
