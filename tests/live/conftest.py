"""A database for each test, a reader in a thread, and frames to send."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from simrace.database.connection import ConnectionParameters
from simrace.live import reader as reader_module
from simrace.live.inbox import Message
from simrace.live.reader import Options, Reader
from tests.conftest import ROOT
from tests.ingestion.conftest import database, landing_server

__all__ = ["database", "landing_server"]


def frame(number: int, **more: Any) -> dict[str, Any]:
    """A frame of a car at 50 a second."""
    return {"elapsed_s": number / 50, "speed_kph": 100.5, "session_id": "evening", "sequence": number, **more}


def message(*frames: dict[str, Any] | bytes, offset: int = 0, source: str = "test", **more: Any) -> Message:
    """A message with frames, one a line."""
    lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in frames]
    return Message(source, offset, more.pop("key", ""), b"\n".join(lines), more.pop("arrived_at", time.time()), **more)


def query(database: ConnectionParameters, statement: str) -> list[tuple[Any, ...]]:
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def kept(database: ConnectionParameters, what: str = "sequence") -> list[Any]:
    """A value of all frames that are kept, in their order."""
    frames = query(database, "select frames from raw.live_frames where frames <> '' order by stream, batch_number")
    return [json.loads(line).get(what) for (lines,) in frames for line in lines.split("\n")]


@pytest.fixture
def reader(database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Reader]:
    """Makes a reader that is not running. Sessions that end are let be: to make logs of them takes a build."""
    monkeypatch.setattr(reader_module, "close", lambda parameters, ended: None)

    def make(**options: Any) -> Reader:
        made = Reader(database, ROOT, Options(**{"every_s": 0.05, **options}))
        made.store.open()
        return made

    return make


@contextmanager
def running(reader: Reader) -> Iterator[Reader]:
    """A reader at work; it writes what it has when the block ends."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            reader.run()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield reader
    finally:
        reader.stop()
        thread.join(30)
    assert not thread.is_alive()
    if failed:
        raise failed[0]


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.05)
