"""Marts by month, in a folder and in a store: each month whole or not at all, and none that has no rows any more."""

from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from ingestion import remote
from ingestion.remote import send
from simrace.database.connection import ConnectionParameters
from simrace.export.months import export_months
from simrace.export.tables import ExportError
from tests.ingestion.test_cli import simrace
from tests.store import BUCKET, Store, one_store_of_tests, store_of_a_test  # noqa: F401 - fixtures

s3fs = pytest.importorskip("s3fs")

TABLES = """
    create schema marts;
    create table marts.dim_sessions (session_id integer primary key, session_started_at timestamptz);
    insert into marts.dim_sessions values
        (1, '2026-01-31 23:30+00'), (2, '2026-02-01 00:30+00'), (3, '2026-03-05'), (4, null);
    create table marts.fct_laps (session_id integer, lap integer, session_started_at timestamptz);
    insert into marts.fct_laps select session_id, lap, session_started_at
    from marts.dim_sessions cross join generate_series(1, 2) as laps (lap) where session_id <> 3;
    create table marts.fct_corners (session_id integer, corner integer);
    insert into marts.fct_corners values (1, 1), (2, 1), (2, 2), (4, 1), (null, 1);
    create table marts.dim_cars (car text);
    insert into marts.dim_cars values ('a');
"""
ALL = {
    "dim_cars/dim_cars.parquet": 1,
    "dim_sessions/month=2026-01/dim_sessions.parquet": 1,
    "dim_sessions/month=2026-02/dim_sessions.parquet": 1,
    "dim_sessions/month=2026-03/dim_sessions.parquet": 1,
    "dim_sessions/month=unknown/dim_sessions.parquet": 1,
    "fct_corners/month=2026-01/fct_corners.parquet": 1,
    "fct_corners/month=2026-02/fct_corners.parquet": 2,
    "fct_corners/month=unknown/fct_corners.parquet": 2,
    "fct_laps/month=2026-01/fct_laps.parquet": 2,
    "fct_laps/month=2026-02/fct_laps.parquet": 2,
    "fct_laps/month=unknown/fct_laps.parquet": 2,
}


@pytest.fixture
def marts(database: ConnectionParameters) -> ConnectionParameters:
    _do(database, TABLES)
    return database


def _do(database: ConnectionParameters, statement: str) -> None:
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)


def _export(database: ConnectionParameters, place: str, *names: str, months: tuple[str, ...] = ()) -> dict[str, int]:
    with closing(database.connect()) as connection:
        done = export_months(connection, place, names, months)
        return {str(each.path).removeprefix(f"{place}/"): each.rows for each in done}


def _keys(store: Store) -> dict[str, object]:
    listed = store.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {each["Key"].removeprefix("out/"): each["ETag"] for each in listed}


def test_every_row_is_in_its_month(marts: ConnectionParameters, tmp_path: Path) -> None:
    place = tmp_path / "out"
    assert _export(marts, str(place)) == ALL
    assert {str(path.relative_to(place)): pq.read_metadata(path).num_rows for path in place.rglob("*.parquet")} == ALL
    read = pd.read_parquet(place / "fct_laps")
    assert read.groupby("month", observed=True)["session_id"].unique().map(list).to_dict() == {
        "2026-01": [1],
        "2026-02": [2],
        "unknown": [4],
    }


def test_duckdb_reads_the_months_of_a_folder(marts: ConnectionParameters, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    _export(marts, str(tmp_path / "out"))
    files = tmp_path / "out" / "fct_laps" / "*" / "*.parquet"
    rows = duckdb.sql(f"select month, count(*) from read_parquet('{files}', hive_partitioning = true) group by 1")
    assert sorted(rows.fetchall()) == [("2026-01", 2), ("2026-02", 2), ("unknown", 2)]


def test_a_month_is_written_anew_and_one_without_rows_goes(marts: ConnectionParameters, store: Store) -> None:
    place = f"s3://{BUCKET}/out"
    assert _export(marts, place) == ALL
    before = _keys(store)
    assert before.keys() == ALL.keys()
    assert _export(marts, place) == ALL
    assert _keys(store) == before, "the same rows are the same bytes"
    read = pd.read_parquet(f"{BUCKET}/out/fct_laps", filesystem=s3fs.S3FileSystem())
    assert read["month"].value_counts().to_dict() == {"2026-01": 2, "2026-02": 2, "unknown": 2}
    store.client.put_object(Bucket=BUCKET, Key="out/fct_laps/month=2025-01/mine.parquet", Body=b"of somebody else")
    _do(marts, "delete from marts.fct_laps where session_id = 1; update marts.fct_laps set lap = 7 where lap = 1")
    assert _export(marts, place, "fct_laps", months=("2026-02",)) == {"fct_laps/month=2026-02/fct_laps.parquet": 2}
    after = _keys(store)
    changed = {key for key in before if before[key] != after.get(key)}
    assert changed == {"fct_laps/month=2026-02/fct_laps.parquet"}, "only what was asked for"
    _export(marts, place)
    assert before.keys() - _keys(store).keys() == {"fct_laps/month=2026-01/fct_laps.parquet"}
    assert "fct_laps/month=2025-01/mine.parquet" in _keys(store)


def test_what_is_wrong_is_told(marts: ConnectionParameters, tmp_path: Path) -> None:
    for months, told in (("2026-13", "2026-13 is no month"), ("1", "1 is no month")):
        with pytest.raises(ExportError, match=told):
            _export(marts, str(tmp_path), months=(months,))
    with pytest.raises(ExportError, match="Is it one of these: fct_laps"):
        _export(marts, str(tmp_path), "fct_lap")
    with pytest.raises(ExportError, match=r"s3://no-such/dim_cars/dim_cars.parquet cannot be written"):
        _export(marts, "s3://no-such", "dim_cars")
    done = simrace("export", "months", tmp_path / "out", "--mart", "dim_cars")
    assert (done.exit_code, "dim_cars.parquet" in done.output) == (0, True)


def test_a_large_object_is_sent_in_parts_and_none_is_there_before_the_last(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PART_BYTES", 5 << 20)
    file, address = tmp_path / "large.parquet", f"s3://{BUCKET}/out/large.parquet"
    file.write_bytes(bytes(11 << 20))

    def fault(environ: dict[str, str], answer: object, start: object) -> list[bytes]:
        if environ["REQUEST_METHOD"] == "PUT" and "partNumber=3" in environ["QUERY_STRING"]:
            body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            start("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])  # type: ignore[operator]
            return [body]
        return answer()  # type: ignore[operator, no-any-return]

    store.fault = fault  # type: ignore[assignment]
    assert send(file, address) == "access was denied"
    store.fault = None
    assert _keys(store) == {}
    assert store.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == [], "nothing is left to be paid for"
    store.asked.clear()
    assert send(file, address) == ""
    assert sum(method == "PUT" for method, _ in store.asked) == 3
    assert store.client.head_object(Bucket=BUCKET, Key="out/large.parquet")["ContentLength"] == 11 << 20
