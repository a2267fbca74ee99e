"""A database for each test, a reader in a thread or a process of its own, and frames to send."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest

from simrace.database.connection import ConnectionParameters
from simrace.live.closer import Worker
from simrace.live.inbox import Message
from simrace.live.reader import Options, Reader
from tests.commands import BIN
from tests.conftest import ROOT
from tests.ingestion.conftest import database, landing_server

__all__ = ["database", "landing_server"]
Ask = Callable[[], list[Any]]
Begin = Callable[..., subprocess.Popen[bytes]]


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
    monkeypatch.setattr(Worker, "begin", lambda _: None)
    monkeypatch.setattr(Worker, "close", lambda _, ended: None)

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


@pytest.fixture
def live(database: ConnectionParameters) -> Iterator[Begin]:
    """Starts `simrace live`; what still runs at the end is ended."""
    begun: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str) -> subprocess.Popen[bytes]:
        command = [BIN / "simrace", "live", "--every", "0.1", *arguments]
        begun.append(subprocess.Popen(command, stderr=subprocess.PIPE, env=dict(os.environ)))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen[bytes]) -> str:
    """End a reader as Ctrl-C does; give what it said."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said.decode()
    return said.decode()


def patient(database: ConnectionParameters, what: str = "sequence") -> Ask:
    """What is kept, also while the server comes up again."""

    def ask() -> list[Any]:
        until = time.monotonic() + 30
        while True:
            try:
                return kept(database, what)
            except (psycopg2.OperationalError, RuntimeError):
                assert time.monotonic() < until
                time.sleep(0.1)
            except psycopg2.errors.UndefinedTable:  # the reader has not made it yet
                return []

    return ask


@contextmanager
def sending(send: Callable[[int], None]) -> Iterator[list[int]]:
    """Send frames from a thread, some hundreds a second, until the block ends; the list has those that were sent."""
    sent: list[int] = []
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(0.03):
            for each in range(len(sent), len(sent) + 20):
                send(each)
                sent.append(each)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield sent
    finally:
        is_over.set()
        thread.join(30)
