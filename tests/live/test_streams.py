"""Which frames of a stream are new, and which session they are of."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simrace.live import streams
from simrace.live.frames import Frame
from simrace.live.json_frames import FrameError
from simrace.live.streams import Read, Seen, Stream


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 60), max_size=200))
def test_a_number_is_new_once(numbers: list[int]) -> None:
    seen, known = Seen(), set[int]()
    for number in numbers:
        assert seen.add(number) == (number not in known)
        known.add(number)
        again = Seen([list(each) for each in seen.ranges], seen.floor)
        assert again.highest == max(known)
        assert {each for first, last in again.ranges for each in range(first, last + 1)} == known


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 200), max_size=200))
def test_with_too_many_gaps_a_number_is_never_new_twice(numbers: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "GAPS_KEPT", 3)
        seen, known = Seen(), set[int]()
        for number in numbers:
            try:
                is_new = seen.add(number)
            except FrameError as error:
                assert error.reason == "too_late"
                continue
            assert is_new == (number not in known)
            known.add(number)
            assert len(seen.ranges) <= 3


def read(clock: float, session: str = "", sequence: int | None = None, at: float | None = None, **more: Any) -> Read:
    arrived_at = 1_000_000 + clock if at is None else 1_000_000 + at
    text = more.pop("text", f"{clock}")
    return Read(Frame(clock, int(clock * 10), arrived_at, {}, sequence, text), "live_json", session, **more)


def sessions(stream: Stream) -> list[tuple[str, list[float], str]]:
    """Mark, clocks and end of each batch."""
    return [(batch.session_mark, [each.clock for each in batch.frames], batch.mark) for batch in stream.batches]


def test_a_session_that_is_named_begins_another() -> None:
    stream = Stream("car", "test", 60)
    for each in (read(1, "a"), read(2, "a"), read(1, "b")):
        assert stream.take(each) == "frames"
    assert sessions(stream) == [("a", [1, 2], "end"), ("b", [1], "open")]
    assert [batch.starts for batch in stream.batches] == [True, True]


def test_a_late_frame_of_an_earlier_session_is_that_sessions() -> None:
    stream = Stream("car", "test", 60)
    for each in (read(1, "a", 1), read(3, "a", 3), read(1, "b", 1)):
        stream.take(each)
    assert stream.take(read(2, "a", 2)) == "late"
    assert stream.take(read(2, "a", 2)) == "repeated"
    assert stream.take(read(2, "b", 2)) == "frames"
    assert sessions(stream) == [
        ("a", [1, 3], "end"),
        ("b", [1], "open"),
        ("a", [2], "end"),
        ("b", [2], "open"),
    ]


def test_a_clock_that_jumps_once_is_not_believed() -> None:
    stream = Stream("car", "test", 60)
    stream.take(read(1))
    assert stream.take(read(9_000, at=2, text="far")) == "held"
    assert stream.take(read(3)) == "frames"
    assert [(frame.text, error.reason) for frame, error in stream.refused] == [("far", "clock_jumps")]
    assert sessions(stream)[0][1] == [1, 3]


def test_a_clock_that_begins_anew_is_another_session() -> None:
    stream = Stream("car", "test", 60)
    stream.take(read(500))
    assert stream.take(read(0, at=501)) == "held"
    assert stream.take(read(1, at=502)) == "frames"
    assert not stream.refused
    (_, first, mark), (_, second, _) = sessions(stream)
    assert (first, mark, second) == ([500], "end", [0, 1])


def test_what_is_held_outlives_the_reader() -> None:
    stream = Stream("car", "test", 60)
    stream.take(read(500, told={"driver": "D"}))
    stream.take(read(0, at=501, told={"driver": "E"}))
    row = {
        "batch_number": 1, "source_format": "live_json", "session_mark": stream.session_mark, "told": {}, "state": {},
        "is_open": True, "last_clock": 500, "last_received_at": stream.last_received_at, "reading": stream.reading(),
    }  # fmt: skip
    again = Stream("car", "test", 60, row)
    again.take(read(1, at=502))
    assert [clocks for _, clocks, _ in sessions(again)] == [[], [0, 1]]
    assert again.batches[1].told == {"driver": "E"}


def test_what_is_held_goes_into_no_other_session() -> None:
    stream = Stream("car", "test", 60)
    stream.take(read(1, "a"))
    assert stream.take(read(9_000, "a", at=2, text="far")) == "held"
    stream.take(read(9_001, "b", at=3))
    assert [frame.text for frame, _ in stream.refused] == ["far"]
    assert sessions(stream) == [("a", [1], "end"), ("b", [9_001], "open")]


def test_a_pause_of_reading_is_no_jump() -> None:
    stream = Stream("car", "test", 600)
    stream.take(read(1))
    assert stream.take(read(301)) == "frames"
    assert sessions(stream) == [(stream.session_mark, [1, 301], "open")]


def test_silence_ends_a_session_and_the_next_frame_begins_one() -> None:
    stream = Stream("car", "test", 60)
    stream.take(read(1))
    stream.taken_at = 100.0
    stream.end_by_silence(159.0)
    assert stream.is_open
    stream.batches.clear()  # as they are once they are written
    stream.end_by_silence(161.0)
    assert [(clocks, mark) for _, clocks, mark in sessions(stream)] == [([], "end")]
    first = stream.session_mark
    stream.take(read(200))
    assert stream.session_mark != first
    assert stream.batches[-1].starts


def test_a_session_that_is_named_goes_on_after_silence() -> None:
    stream = Stream("car", "test", 60)
    stream.take(read(1, "a"))
    stream.end()
    stream.take(read(500, "a"))
    assert sessions(stream) == [("a", [1], "end"), ("a", [500], "open")]
    assert not stream.batches[-1].starts


def test_the_last_frame_ends_a_session_and_a_batch_has_its_bound() -> None:
    stream = Stream("car", "test", 60)
    for number in range(streams.BATCH_FRAMES + 1):
        stream.take(read(number / 10, "a", ends=number == streams.BATCH_FRAMES))
    assert [(len(clocks), mark) for _, clocks, mark in sessions(stream)] == [(streams.BATCH_FRAMES, "open"), (1, "end")]
