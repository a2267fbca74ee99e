"""Objects of a store, files of a web server: the states and reasons of local files, nothing fetched twice, faults."""

import copy
import functools
import http.server
import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from ingestion import remote, unchanged
from ingestion.landing import Landing
from ingestion.loading import Loader
from ingestion.outcomes import Outcome, State, unaccounted
from ingestion.paths import Given, expand
from ingestion.reading import Reason, RefusedError
from ingestion.remote import RemoteFile, fetch, is_remote, list_files, shown_address
from ingestion.sources import Source, open_sources
from ingestion.warehouse import Landed
from simrace.cli import watch
from simrace.cli.watch import Watch
from simrace.database.connection import ConnectionParameters
from simrace.export.elsewhere import place_of
from simrace.export.tables import ExportError
from simrace.generator.refused import write_refused
from tests.store import BUCKET, Answer, Fault, Store, backend, one_store_of_tests, store_of_a_test  # noqa: F401 - fixtures

pytest.importorskip("s3fs")
moto_server = pytest.importorskip("moto.server")
boto3 = pytest.importorskip("boto3")


def _read(*names: str, recall: Any = lambda _path, _stamp: []) -> list[tuple[Source, bytes]]:
    sources = open_sources(expand(list(names)), recall)
    return [(source, b"" if source.problem else source.local.read_bytes()) for source in sources]


def _problem(read: list[tuple[Source, bytes]]) -> RefusedError:
    [(source, _)] = read
    assert source.problem
    assert not source.local.exists(), "bytes of half a file are nobody's"
    return source.problem


def test_objects_are_read_as_files_of_a_folder_are(store: Store, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "season.zip", "w") as archive:
        archive.writestr("a.csv", "a")
        archive.writestr("deep/b.csv", "b")
    store.put(
        season__one_dot_csv=b"one",
        season__deep__two_dot_csv=b"two",
        season__season_dot_zip=(tmp_path / "season.zip").read_bytes(),
        season___dot_hidden_dot_csv=b"hidden",
        seasons_dot_csv=b"another",
    )
    read = _read(f"s3://{BUCKET}/season")
    assert [(source.file_path, source.file_name, data) for source, data in read] == [
        (f"s3://{BUCKET}/season/deep/two.csv", "two.csv", b"two"),
        (f"s3://{BUCKET}/season/one.csv", "one.csv", b"one"),
        (f"s3://{BUCKET}/season/season.zip/a.csv", "a.csv", b"a"),
        (f"s3://{BUCKET}/season/season.zip/deep/b.csv", "b.csv", b"b"),
    ]
    assert [source.given for source, _ in read][2:] == [f"s3://{BUCKET}/season/season.zip"] * 2
    assert abs(read[0][0].modified_at - datetime.now(UTC)).total_seconds() < 60
    assert [data for _, data in _read(f"s3://{BUCKET}/season/one.csv")] == [b"one"]
    assert [data for _, data in _read(f"s3://{BUCKET}/season*/*.csv", f"s3://{BUCKET}/seasons.csv")] == [
        b"one",
        b"another",
    ]
    assert len(_read(f"s3://{BUCKET}")) == 5


def test_nothing_is_fetched_twice(store: Store) -> None:
    store.put(a_dot_csv=b"a", b_dot_csv=b"b")
    memory = unchanged.Memory(Landed())
    landed = Landed(file_ids={"a.csv", "b.csv"})
    for source, data in _read(f"s3://{BUCKET}"):
        landed.sightings[source.file_name, source.file_path, source.modified_at] = datetime.now(UTC)
        memory.note(source, Outcome(source.file_path, State.LANDED, source.file_name, len(data)))
    memory.save()
    assert store.got() == ["a.csv", "b.csv"]
    again = unchanged.Memory(landed)
    assert all(source.known for source, _ in _known(again))
    assert store.got() == []
    store.put(b_dot_csv=b"B")
    assert [source.file_name for source, _ in _known(again) if not source.known] == ["b.csv"]
    assert store.got() == ["b.csv"]


def _known(memory: unchanged.Memory) -> list[tuple[Source, bytes]]:
    sources = open_sources(expand([f"s3://{BUCKET}"]), memory.recall)
    return [(source, b"" if source.known else source.local.read_bytes()) for source in sources]


def test_what_is_landed_has_the_states_and_reasons_of_a_folder(
    store: Store, database: ConnectionParameters, tmp_path: Path
) -> None:
    """And a second run asks for no bytes."""
    files = tmp_path / "files"
    write_refused(files)
    header = "Speed,LapDistPct,Lat,Lon,Brake,Throttle,RPM,SteeringWheelAngle,Gear,Clutch,ABSActive,DRSActive,LatAccel,"
    row = "55.5,0.01,48.1,11.5,0,1,7000,0.05,4,1,false,false,1.5,2.5,9.8,0.5,0.02,3\n"
    (files / "lap.csv").write_text(f"{header}LongAccel,VertAccel,Yaw,YawRate,PositionType\n{row * 3}")
    for file in (path for path in files.rglob("*") if path.is_file()):
        store.client.put_object(Bucket=BUCKET, Key=file.relative_to(tmp_path).as_posix(), Body=file.read_bytes())
    loader = Loader(tmp_path / "home", database.url, database.name)

    def land(name: str) -> list[tuple[object, ...]]:
        given = expand([name])
        with closing(database.connect()) as connection:
            outcomes = Landing(loader, lambda recall: open_sources(given, recall)).land(connection)
        assert unaccounted(given, outcomes) == []
        told = ((each.file_path.removeprefix(name), each.state, each.file_id, str(each.refusal)) for each in outcomes)
        return sorted(told, key=str)

    there = land(f"s3://{BUCKET}/files")
    assert sorted(store.got()) == sorted(f"files/{file.name}" for file in files.iterdir() if file.stat().st_size)
    assert {state for _, state, *_ in there} == {State.REFUSED, State.LANDED}
    assert len({refusal for *_, refusal in there}) > 5
    known = [(path, State.REFUSED if state is State.REFUSED else State.ALREADY_LANDED, *rest)
             for path, state, *rest in there]  # fmt: skip
    assert land(f"s3://{BUCKET}/files") == known
    assert store.got() == []
    assert land(str(files)) == known
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from raw.rejected_files where starts_with(file_path, 's3://laps/files/')")
        assert cursor.fetchone() == (len(there) - 1,)
        cursor.execute("select file_path, file_name from raw.file_sightings order by seen_at")
        assert cursor.fetchall()[0] == ("s3://laps/files/lap.csv", "lap.csv")


def test_a_large_object_is_streamed(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "CHUNK_BYTES", 1 << 18)
    data = os.urandom((1 << 20) + 17)
    store.put(large_dot_ibt=data)
    [file] = list_files(f"s3://{BUCKET}/large.ibt")
    fetch(file, tmp_path / "local")
    assert (tmp_path / "local").read_bytes() == data
    assert len(store.got()) == 3, "two pieces at a time, one ahead"


@pytest.mark.slow
def test_a_bucket_of_ten_thousand_objects_is_listed_page_by_page(store: Store) -> None:
    store.put(one_dot_csv=b"x")
    keys = backend().buckets[BUCKET].keys
    for number in range(10_000):
        keys[f"many/{number:05}.csv"] = each = copy.copy(keys["one.csv"])
        each.name = f"many/{number:05}.csv"
    files = list_files(f"s3://{BUCKET}/many/")
    assert [file.name for file in files] == [f"{number:05}.csv" for number in range(10_000)]
    assert 10 <= len(store.asked) <= 13
    known = open_sources(files, lambda path, _stamp: [Source(path, path, datetime.now(UTC), Path(path))])
    store.asked.clear()
    assert sum(1 for _ in known) == 10_000
    assert store.asked == []


# Faults


def _cut(times: int) -> Fault:
    """An answer that ends in its middle, so many times."""
    left = [times]

    def fault(environ: WSGIEnvironment, answer: Callable[[], Answer], _start: StartResponse) -> Answer:
        whole = b"".join(answer())
        if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"].endswith(".csv") and left[0]:
            left[0] -= 1
            return [whole[: len(whole) // 2]]
        return [whole]

    return fault


def test_a_transfer_that_is_cut_is_tried_again(store: Store) -> None:
    store.put(a_dot_csv=b"0123456789")
    store.fault = _cut(times=2)
    assert [data for _, data in _read(f"s3://{BUCKET}/a.csv")] == [b"0123456789"]


def test_a_transfer_that_is_always_cut_is_refused(store: Store) -> None:
    store.put(a_dot_csv=b"0123456789")
    store.fault = _cut(times=100)
    assert _problem(_read(f"s3://{BUCKET}/a.csv")).reason is Reason.UNREADABLE


def _replaced(store: Store, times: int) -> Fault:
    """Somebody writes the object anew before each piece of it that is asked for, so many times."""
    left = [times]

    def fault(environ: WSGIEnvironment, answer: Callable[[], Answer], _start: StartResponse) -> Answer:
        if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"].endswith(".csv") and left[0]:
            left[0] -= 1
            backend().put_object(BUCKET, "a.csv", b"%d" % left[0] * 1_000)
        return answer()

    return fault


def test_an_object_that_is_replaced_while_it_is_read_is_read_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "CHUNK_BYTES", 512)
    store.put(a_dot_csv=b"x" * 1_000)
    store.fault = _replaced(store, times=1)
    assert [data for _, data in _read(f"s3://{BUCKET}/a.csv")] == [b"0" * 1_000]


def test_an_object_that_is_never_at_rest_is_refused_as_a_file_here_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "CHUNK_BYTES", 512)
    store.put(a_dot_csv=b"x" * 1_000)
    store.fault = _replaced(store, times=100)
    problem = _problem(_read(f"s3://{BUCKET}/a.csv"))
    assert (problem.reason, problem.detail) == (
        Reason.UNREADABLE,
        "it was written to while it was read; land it again later",
    )


def _denied(environ: WSGIEnvironment, answer: Callable[[], Answer], start: StartResponse) -> Answer:
    if environ["PATH_INFO"].endswith("closed.csv") or "list-type" in environ["QUERY_STRING"]:
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        start("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]
    return answer()


def test_what_may_not_be_read_is_refused_and_the_rest_is_read(store: Store) -> None:
    store.put(a__closed_dot_csv=b"closed", b_dot_csv=b"open")
    files = expand([f"s3://{BUCKET}/b.csv"])
    closed = list_files(f"s3://{BUCKET}/a/closed.csv")
    store.fault = _denied
    read = [(source.problem and source.problem.detail) for source in open_sources([*closed, *files])]
    assert read == ["access was denied", None]
    assert _problem(_read(f"s3://{BUCKET}/a")).detail == "access was denied"


def test_what_is_not_there_is_refused_as_a_file_here_is(store: Store, tmp_path: Path) -> None:
    for name in (f"s3://{BUCKET}/nothing", "s3://no-such-bucket/a.csv", f"{store.url}/{BUCKET}/nothing.csv"):
        problem = _problem(_read(name))
        [(missing, _)] = _read(str(tmp_path / "missing.csv"))
        assert missing.problem
        assert (problem.reason, problem.detail) == (missing.problem.reason, missing.problem.detail)


def test_a_store_that_does_not_answer_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert "127.0.0.1:9" in _problem(_read(f"s3://{BUCKET}/a.csv")).detail


def test_a_full_disk_is_no_fault_of_the_store(store: Store, tmp_path: Path) -> None:
    store.put(a_dot_csv=b"a")
    [file] = list_files(f"s3://{BUCKET}/a.csv")
    with pytest.raises(IsADirectoryError):
        fetch(file, tmp_path)
    assert store.got() == []


@pytest.mark.parametrize(
    ("name", "is_address"),
    [("s3://b/k", True), ("HTTPS://h/a.zip", True), (r"C:\laps\a.ibt", False), ("s3:/b", False), ("ftp://h/a", False)],
)
def test_what_is_an_address(name: str, is_address: bool) -> None:
    assert is_remote(name) == is_address


def test_a_reader_that_is_not_installed_is_named() -> None:
    [file] = list_files("gs://b/a.csv")
    assert file.problem
    assert file.problem.detail == 'gs:// needs another package: pip install "simrace[gs]"'


def test_a_watch_takes_new_objects_once_and_lists_now_and_then(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    files = Watch([f"s3://{BUCKET}/season"])
    store.put(season__a_dot_csv=b"a")
    found = files.look()
    assert [str(path) for path in found] == [f"s3://{BUCKET}/season/a.csv"]
    store.asked.clear()
    assert (files.look(), store.asked) == ({}, []), "a listing costs"
    monkeypatch.setattr(watch, "ELSEWHERE_S", 0.0)
    assert files.look() == found, "what was not landed comes again"
    files.finish(found)
    assert files.look() == {}
    store.put(season__a_dot_csv=b"A", season__b_dot_csv=b"b")
    assert [data for _, data in _opened(files.look())] == [b"A", b"b"]
    store.fault = _denied
    denied = files.look()
    assert [source.problem and source.problem.detail for source in open_sources(list(denied))] == ["access was denied"]
    files.finish(denied)
    assert files.look() == {}, "it is told once"


def _opened(found: dict[Given, Any]) -> list[tuple[Source, bytes]]:
    return [(source, source.local.read_bytes()) for source in open_sources(list(found))]


# Written there


def test_an_export_is_sent_when_it_is_whole(store: Store) -> None:
    address = f"s3://{BUCKET}/2026/laps.parquet"
    store.put(**{"2026__laps_dot_parquet": b"old"})
    with pytest.raises(ValueError, match="half"), place_of(address) as path:
        path.write_bytes(b"half")
        raise ValueError("half")
    assert [data for _, data in _read(address)] == [b"old"]
    with place_of(address) as path:
        path.write_bytes(b"whole")
    assert [data for _, data in _read(address)] == [b"whole"]


@pytest.mark.parametrize(
    ("address", "why"),
    [("s3://no-such-bucket/a.csv", "No such file"), ("https://h/a.csv", "a web server takes no files")],
)
def test_an_export_that_cannot_be_sent_is_told(store: Store, address: str, why: str) -> None:
    with pytest.raises(ExportError, match=f"{address} cannot be written: {why}"), place_of(address) as path:
        path.write_bytes(b"a")


# A web server


class _Pages(http.server.SimpleHTTPRequestHandler):
    """It knows no ranges, as the simplest do."""

    def copyfile(self, source: Any, outputfile: Any) -> None:
        super().copyfile(source, outputfile)
        path = Path(source.name)
        if path.name == "busy.csv":  # which somebody writes to
            os.utime(path, (path.stat().st_mtime + 10,) * 2)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def site(tmp_path: Path, store: Store) -> Iterator[tuple[str, Path]]:
    """Address and folder of a web server."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Pages, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()


def test_an_archive_of_a_web_server_is_read_and_a_signature_is_shown_to_nobody(site: tuple[str, Path]) -> None:
    address, folder = site
    with zipfile.ZipFile(folder / "my season.zip", "w") as archive:
        archive.writestr("a.csv", "a")
    secret = address.replace("http://", "http://me:secret@") + "/my%20season.zip?signature=secret"
    [(source, data)] = _read(secret)
    assert (source.file_path, source.given, data) == (
        f"{address}/my%20season.zip/a.csv",
        f"{address}/my%20season.zip",
        b"a",
    )
    assert source.stamp, "it says when it was changed"
    [file] = list_files(secret)
    assert file.name == "my season.zip"
    assert shown_address(secret) == file.url
    (folder / "my season.zip").unlink()
    assert "secret" not in _problem(_read(secret)).detail
    assert "secret" not in str(list_files("http://me:secret@127.0.0.1:9/a.zip?signature=secret")[0].problem)


def test_a_file_of_a_web_server_that_is_never_at_rest_is_refused(site: tuple[str, Path]) -> None:
    address, folder = site
    (folder / "busy.csv").write_bytes(b"busy")
    assert _problem(_read(f"{address}/busy.csv")).detail.startswith("it was written to while it was read")


def test_what_says_nothing_of_its_changes_is_always_fetched(tmp_path: Path) -> None:
    file = remote._described("https://h/a.csv", {"name": "https://h/a.csv", "size": None, "type": "file"})
    assert file == RemoteFile("https://h/a.csv", "https://h/a.csv")
    assert file.stamp is None
