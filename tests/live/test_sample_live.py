"""The lap simulator as a stream."""

import json
from collections import Counter
from typing import Any

import pytest

from simrace.generator import live
from simrace.generator.live import FaultError, read_faults, stream
from simrace.live.channels import read_plans
from simrace.live.json_frames import read_message
from simrace.live.packets import Assembler
from tests.conftest import ROOT


class Kept:
    """Keeps what is sent."""

    def __init__(self, is_forza: bool = False) -> None:
        self.is_forza = is_forza
        self.sent: list[tuple[int, bytes]] = []

    def send(self, car: int, payload: bytes) -> None:
        self.sent.append((car, payload))

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def frames(self, car: int) -> list[dict[str, Any]]:
        return [json.loads(payload) for each, payload in self.sent if each == car]


def test_cars_send_frames_that_are_read_and_go_on_with_another_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LAPS", 1)
    monkeypatch.setattr(live.time, "sleep", lambda _: None)
    monkeypatch.setattr(live.time, "time", lambda: 1_800_000_000.0)
    sender = Kept()
    sent = stream(sender, cars=2, rate=2, seconds=400)
    assert sent.frames == len(sender.sent) == 1_600
    frames = sender.frames(0)
    plan = read_plans(ROOT, ("speed_kph", "lap_number", "on_pit_road"))["live_json"]
    for _, payload in sender.sent[::50]:
        ((_, values),) = read_message(payload)
        assert isinstance(values, dict)
        assert len(plan.read(values)) == 3
        assert plan.clock(values) is not None
    sessions = Counter(each["session_id"] for each in frames)
    assert len(sessions) >= 2
    first = [each for each in frames if each["session_id"] == frames[0]["session_id"]]
    assert [each["sequence"] for each in first] == list(range(len(first)))
    assert [each["elapsed_s"] for each in first] == [number / 2 for number in range(len(first))]
    assert [each["lap_number"] for each in (first[0], first[-1])] == [0, 2]
    assert first[0]["driver"] != sender.frames(1)[0]["driver"]
    assert len(first[0]) - len(live.Racer(0, 1).told()) - 2 >= 40


def test_faults_are_made_as_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.time, "sleep", lambda _: None)
    sender = Kept()
    faults = read_faults(["drop=0.1", "repeat=0.1", "late=0.1", "leave=10"])
    sent = stream(sender, cars=2, rate=20, seconds=20, faults=faults, keep_numbers=True)
    assert sent.numbers
    assert len(sender.frames(1)) < 1.2 * 200
    numbers = [each["sequence"] for each in sender.frames(0)]
    assert set(numbers) == set(sent.numbers[0])
    assert 400 - len(set(numbers)) > 15
    assert len(numbers) - len(set(numbers)) > 15
    assert numbers != sorted(numbers)
    assert len(sender.sent) == sent.frames - sent.dropped + sent.repeated
    for wrong in ("drop", "drop=x", "burn=1", "late=-1"):
        with pytest.raises(FaultError, match="is no fault"):
            read_faults([wrong])


def test_a_game_sends_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.time, "sleep", lambda _: None)
    sender = Kept(is_forza=True)
    stream(sender, cars=1, rate=10, seconds=30)
    assembler = Assembler()
    moments = [assembler.take(payload) for _, payload in sender.sent]
    speeds = [each.values["Speed"] for each in moments if each]
    assert len(speeds) == 300
    assert 10 < max(speeds) < 100
    assert [each.values["TimestampMS"] for each in moments if each] == [number * 100 for number in range(300)]
