"""The reader on a real database: what is written, what is not written twice, what is refused and how much of it."""

import io
import json
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from simrace.database.connection import ConnectionParameters
from simrace.live import closer, laps, store
from simrace.live import reader as reader_module
from simrace.live.closer import Closer, Worker
from simrace.live.closing import EndedSession
from simrace.live.inbox import Inbox, Tally
from simrace.live.reader import Reader
from simrace.live.store import TakenError
from tests.conftest import ROOT
from tests.live.conftest import frame, kept, message, query, running, wait_for
from tests.live.test_frames import packet

Make = Callable[..., Reader]


def counts(database: ConnectionParameters, source: str = "test") -> Any:
    return query(database, f"select counts from raw.live_sources where source = '{source}'")[0][0]


def test_frames_are_kept_as_they_came(reader: Make, database: ConnectionParameters) -> None:
    sent = (
        b'{"elapsed_s":1.50,  "speed_kph":1e2, "session_id":"s", "driver":"D", "lap_length_m":3000, "note":"\xc3\xa4"}'
    )
    tallies: list[Tally] = []
    with running(reader()) as at_work:
        at_work.inbox.put([message(sent, offset=7, done=tallies.append)])
        wait_for(lambda: bool(tallies))
        assert kept(database, "note") == ["ä"]  # before anybody is told
    assert tallies == [Tally(frames=1)]
    rows = query(
        database,
        "select stream, batch_number, source_format, session_mark, told, mark, first_clock, last_clock, first_offset, "
        "last_offset, frame_count, frames, packets from raw.live_frames",
    )
    told = {"driver": "D", "lap_length_m": 3000}
    assert rows == [
        ("test", 1, "live_json", "s", told, "open", 1.5, 1.5, 7, 7, 1, sent.decode(), None)
    ]  # fmt: skip
    assert query(database, "select next_offset, counts from raw.live_sources") == [(8, {"frames": 1})]
    assert query(database, "select told, is_open, last_clock from raw.live_streams") == [(told, True, 1.5)]


def test_a_frame_with_a_sequence_is_kept_once_whatever_is_sent_again(
    reader: Make, database: ConnectionParameters
) -> None:
    with running(reader()) as at_work:
        for numbers in ((0, 1, 2), (1, 2, 5), (4, 3, 5)):
            at_work.inbox.put([message(*map(frame, numbers))])
    with running(reader()) as at_work:
        at_work.inbox.put([message(*map(frame, range(8)))])
    assert kept(database) == [0, 1, 2, 5, 4, 3, 6, 7]
    assert counts(database) == {"frames": 6, "late": 2, "repeated": 9}


def test_cars_of_one_source_are_streams_of_their_own(reader: Make, database: ConnectionParameters) -> None:
    with running(reader()) as at_work:
        at_work.inbox.put([message(frame(1, car_key="7"), frame(1, car_key="8\n"), key="broker")])
        at_work.inbox.put([message(frame(1), key="broker")])
        topic = "crewchief/Ann/17/Some Sim/Hill/Car/Race"
        telemetry = {"time": 1_700_000_000_000, "telemetry": {"CurrentLap": 2, "SpeedMs": 50}}
        at_work.inbox.put([message(telemetry, key=topic, topic=topic)])
    rows = query(database, "select stream, session_mark, first_clock from raw.live_frames order by 1")
    assert rows == [
        ("test/Ann", "17", 1_700_000_000.0),
        ("test/broker", "evening", 0.02),
        ("test/broker/7", "evening", 0.02),
        ("test/broker/8?", "evening", 0.02),
    ]
    told = query(database, "select told from raw.live_streams where stream = 'test/Ann'")[0][0]
    assert told == {"driver": "Ann", "sim": "Some Sim", "track": "Hill", "car": "Car", "session": "Race"}


def test_packets_are_kept_beside_their_json(reader: Make, database: ConnectionParameters) -> None:
    sent = packet("forza_udp", 324, IsRaceOn=1, TimestampMS=1_000, CarOrdinal=77)
    with running(reader()) as at_work:
        for payload in (sent, packet("forza_udp", 324), b"noise"):
            received = message(payload, key="console", is_packet=True)
            at_work.inbox.put([received])
    ((*row, packets),) = query(
        database, "select stream, source_format, told, first_clock, packets from raw.live_frames"
    )
    assert row == ["test/console", "forza_udp", {"sim": "forza", "car": 77}, 1.0]
    assert bytes(packets) == b"\x44\x01" + sent
    assert counts(database) == {"frames": 1, "idle": 1, "quarantined": {"unknown_packet": 1}}


def test_the_last_moment_of_a_game_is_kept_when_it_falls_silent(reader: Make, database: ConnectionParameters) -> None:
    header = {"packetFormat": 2023, "packetId": 6, "sessionUID": 5, "overallFrameIdentifier": 1}
    with running(reader()) as at_work:
        at_work.inbox.put([message(packet("f1_udp", 1352, **header), is_packet=True, arrived_at=time.time() - 2)])
        wait_for(lambda: kept(database, "packetId") == [6])


def test_bad_frames_are_kept_apart_and_good_ones_beside_them_go_on(
    reader: Make, database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "QUARANTINE_KEPT", 3)
    tallies: list[Tally] = []
    with running(reader()) as at_work:
        bad = (b"{", b'{"elapsed_s": NaN, "speed_kph": 1}', b"[1, ", b"17", b'{"elapsed_s": "late", "speed_kph": 1}')
        at_work.inbox.put([message(frame(0), *bad, frame(1), offset=3, done=tallies.append)])
        at_work.inbox.put([message(b"x" * 10_000_000, offset=4)])
        at_work.inbox.put([message(frame(2, elapsed_s=1e9), frame(3, elapsed_s=0.06), offset=5)])
        at_work.inbox.put([message(*[b"nonsense %d" % number for number in range(10)], offset=6)])
        at_work.inbox.put([message(frame(4), frame(5), offset=7)])
    assert kept(database) == [0, 1, 3, 4, 5]
    assert (tallies[0].frames, tallies[0].refused) == (2, 5)
    assert counts(database)["quarantined"] == {
        "not_json": 13, "not_an_object": 1, "no_clock": 1, "too_large": 1, "clock_jumps": 1,
    }  # fmt: skip
    rows = query(
        database,
        "select reason, count(*), max(frame_bytes), max(length(head)) from raw.live_quarantine group by 1 order by 1",
    )
    assert [row[:2] for row in rows] == [
        ("clock_jumps", 1), ("no_clock", 1), ("not_an_object", 1), ("not_json", 3), ("too_large", 1),
    ]  # fmt: skip
    assert rows[-1] == ("too_large", 1, 10_000_000, 65_536)
    heads = "select source_offset, convert_from(head, 'utf8') from raw.live_quarantine where reason = "
    ((offset, head),) = query(database, f"{heads} 'clock_jumps'")
    assert (offset, json.loads(head)["sequence"]) == (5, 2)
    assert {head for _, head in query(database, f"{heads} 'not_json'")} == {
        "nonsense 7", "nonsense 8", "nonsense 9",
    }  # fmt: skip


def test_frames_that_nobody_knows_are_kept_and_said_once(database: ConnectionParameters) -> None:
    said: list[str] = []
    made = Reader(database, ROOT, reader_module.Options(every_s=0.05), said.append)
    made.store.open()
    with running(made) as at_work:
        at_work.inbox.put([message({"boost": 1}, {"boost": 2})])
    assert kept(database, "boost") == [1, 2]
    assert query(database, "select distinct source_format from raw.live_frames") == [("live_unknown",)]
    assert len(said) == 1
    assert "no format that is known" in said[0]


def test_ten_thousand_streams_are_bounded(reader: Make, database: ConnectionParameters) -> None:
    with running(reader(streams=50)) as at_work:
        frames = [frame(1, car_key=str(number)) for number in range(10_000)]
        for first in range(0, 10_000, 2_500):
            at_work.inbox.put([message(*frames[first : first + 2_500])])
        at_work.inbox.put([message(frame(2, car_key="3"))])
    assert query(database, "select count(*) from raw.live_streams") == [(50,)]
    assert counts(database) == {"frames": 51, "quarantined": {"too_many_streams": 9_950}}
    assert query(database, "select count(*) from raw.live_quarantine") == [(1_000,)]


def test_a_commit_in_doubt_is_not_repeated(
    reader: Make, database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server commits and the connection breaks before it says so; or it breaks before the commit."""
    insert = store.Store._insert
    faults = ["after", "before", "after"]

    def fail(self: store.Store, cursor: Any, *arguments: Any) -> None:
        insert(self, cursor, *arguments)
        if faults:
            if faults.pop() == "after":
                cursor.connection.commit()
            raise psycopg2.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(store.Store, "_insert", fail)
    with running(reader()) as at_work:
        for number in range(6):
            plain = {"elapsed_s": number, "speed_kph": 1, "number": number}
            at_work.inbox.put([message(plain, offset=number)])
            wait_for(lambda number=number: kept(database, "number") == list(range(number + 1)))
    assert not faults
    assert query(database, "select counts, next_offset from raw.live_sources") == [({"frames": 6}, 6)]
    assert query(database, "select count(*), max(batch_number) from raw.live_frames") == [(6, 6)]


def test_two_readers_never_read_one_source(reader: Make, database: ConnectionParameters) -> None:
    first, second = reader(), reader()
    first.store.hold("kafka:one")
    with pytest.raises(TakenError, match="kafka:one"):
        second.store.hold("kafka:one")
    first.store.close()
    # PostgreSQL lets the lock go when it has ended the connection, a moment after that was closed
    Retrying(retry=retry_if_exception_type(TakenError), stop=stop_after_delay(10), wait=wait_fixed(0.05), reraise=True)(
        second.store.hold, "kafka:one"
    )
    second.store.close()


def test_a_reader_whose_source_was_taken_over_ends(reader: Make, database: ConnectionParameters) -> None:
    with pytest.raises(TakenError), running(reader()) as at_work:
        at_work.inbox.put([message(frame(0))])
        wait_for(lambda: kept(database) == [0])
        with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute("update raw.live_sources set commit_number = commit_number + 5")
        at_work.inbox.put([message(frame(1))])
        wait_for(lambda: not at_work.inbox.put([]))


def test_the_state_of_a_session_goes_with_its_frames(
    reader: Make, database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    def advance(state: dict[str, Any], frames: list[Any]) -> dict[str, Any]:
        if any(each.sequence == 13 for each in frames):
            raise ZeroDivisionError
        return {"seen": [*state.get("seen", []), *(each.sequence for each in frames)]}

    monkeypatch.setattr(laps, "advance", advance)

    def state() -> Any:
        return query(database, "select state from raw.live_streams")[0][0]

    with running(reader()) as at_work:
        at_work.inbox.put([message(frame(1), frame(2))])
        wait_for(lambda: kept(database) == [1, 2])
    with running(reader()) as at_work:
        at_work.inbox.put([message(frame(3))])
        wait_for(lambda: kept(database) == [1, 2, 3])
        assert state() == {"seen": [1, 2, 3]}
        at_work.inbox.put([message(frame(1, session_id="night"))])
        wait_for(lambda: state() == {"seen": [1]})
        at_work.inbox.put([message(frame(13, session_id="night"))])
        wait_for(lambda: state() == {"failed": "ZeroDivisionError"})
        at_work.inbox.put([message(frame(14, session_id="night"))])
        wait_for(lambda: len(kept(database)) == 6)
        assert state() == {"failed": "ZeroDivisionError"}


def test_ended_sessions_are_taken_on_after_their_commit(
    reader: Make, database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[EndedSession] = []

    def close(_: Worker, ended: list[EndedSession]) -> None:
        for each in ended:
            marks = query(database, f"select mark from raw.live_frames where session_mark = '{each.session_mark}'")
            assert ("end",) in marks
        told.extend(ended)

    monkeypatch.setattr(Worker, "close", close)
    with running(reader(silence_s=0.3)) as at_work:
        at_work.inbox.put([message(frame(1), frame(2, ends=True), frame(1, session_id="night"))])
        wait_for(lambda: len(told) == 2)
    assert told == [EndedSession("test", "evening"), EndedSession("test", "night")]
    rows = query(database, "select session_mark, mark, frame_count from raw.live_frames order by batch_number")
    assert rows == [("evening", "end", 2), ("night", "open", 1), ("night", "end", 0)]


def test_a_reader_makes_ready_for_the_first_end_when_it_has_read_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []
    monkeypatch.setattr(closer, "READY_AFTER_S", 0.1)
    monkeypatch.setattr(Worker, "begin", lambda _: done.append("ready"))
    monkeypatch.setattr(Worker, "close", lambda _, ended: done.append(ended))
    made = Closer(print)
    made.start()
    wait_for(lambda: done == ["ready"])
    evening, night = EndedSession("test", "evening"), EndedSession("test", "night")
    for each in (evening, night):
        made.add([each])
        wait_for(lambda each=each: done[-1] == [each])
    made.stop()
    assert done == ["ready", [evening], [night]]


def test_the_process_that_closes_answers_each_call_and_goes_on_after_a_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[Any] = []

    def close(_parameters: object, ended: list[EndedSession], _parsed: object) -> None:
        done.append(ended)
        if len(done) == 2:
            raise psycopg2.OperationalError

    monkeypatch.setattr(closer, "close", close)
    monkeypatch.setattr(closer, "connection_parameters", lambda _: None)
    monkeypatch.setattr(closer.commands, "prepare", lambda *_: done.append("ready") if not done else None)
    monkeypatch.setattr(closer.signal, "signal", lambda *_: None)
    monkeypatch.setattr("sys.stdin", io.StringIO('[["a", "1"]]\n[["a", "2"], ["b", "1"]]\n'))
    done.clear()
    closer.main()
    assert done[0] == "ready"
    assert done[1:] == [[EndedSession("a", "1")], [EndedSession("a", "2"), EndedSession("b", "1")]]
    assert capsys.readouterr().out == "done\n" * 2


def test_a_session_that_was_open_when_the_reader_died_ends_by_silence(
    reader: Make, database: ConnectionParameters
) -> None:
    with running(reader()) as at_work:
        at_work.inbox.put([message(frame(1))])
    again = reader(silence_s=0.3)
    again.resume("test")
    with running(again):
        wait_for(lambda: query(database, "select is_open from raw.live_streams") == [(False,)])


def test_a_full_inbox_makes_its_sources_wait() -> None:
    inbox = Inbox(room=10_000)
    inbox.put([message(b"x" * 9_900)])
    assert inbox.take(0.1)
    inbox.put([message(b"x" * 50_000)])  # what is larger than the room goes in when nothing else is there
    began = time.monotonic()
    threading.Timer(0.3, lambda: inbox.take(0)).start()
    assert inbox.put([message(b"y")])
    assert time.monotonic() - began > 0.25
    inbox.close()
    assert not inbox.put([message(b"z")])
