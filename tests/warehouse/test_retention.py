"""Old lines and samples are deleted, and everything made from them stays."""

from collections import Counter
from contextlib import closing

import psycopg2
import pytest

from simrace.operations.log_proof import Proof
from simrace.operations.retention import RetentionError, find_expired
from simrace.operations.verify import prove_bytes
from tests.conftest import Warehouse
from tests.warehouse.test_build import NO_TESTS

LINES = "select count(*) from raw.file_blocks where block_number > 1 and file_id in (select file_id from "
OF_SESSION = "intermediate.int_telemetry_session_files where session_id = '{}')"


def test_old_lines_go_and_what_was_made_from_them_stays(warehouse: Warehouse) -> None:
    other = warehouse.other("old")
    files = sorted((warehouse.folder / "files" / "telemetry").glob("*.csv"))
    other.run("simrace", "land", *files)
    other.run("dbt", "build", *NO_TESTS)
    before = other.checksums()
    samples = dict(other.query("select session_id, count(*) from marts.fct_telemetry_samples group by 1"))
    shown = other.run("simrace", "retain").stdout
    assert other.checksums() == before
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
    assert other.checksums() == before
    other.query("update marts.dim_sessions set session_started_at = now() - interval '4 months' returning 1")
    other.run("simrace", "retain", "--apply", "--yes")

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
    other.run("dbt", "build", "--full-refresh", *NO_TESTS)
    assert other.checksums() == kept


def test_limits_that_are_out_of_order_are_refused(warehouse: Warehouse) -> None:
    wrong = "{retention: {enabled: false, raw_months: 5, traces_months: 4, session_months: 36}}"
    done = warehouse.run("dbt", "compile", "--select", "sessions_expired", "--vars", wrong, check=False)
    assert done.returncode != 0
    assert "In the var retention" in done.stdout
