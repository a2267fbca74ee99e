"""Frames of JSON and of games: what is read, and what is refused and why."""

import json
import math
import struct
from typing import Any

import pytest

from simrace.database.connection import ConnectionParameters
from simrace.live.channels import read_plans
from simrace.live.formats import json_formats, packet_formats
from simrace.live.json_frames import FRAME_BYTES, MESSAGE_BYTES, FrameError, read_message
from simrace.live.packets import Assembler
from tests.conftest import ROOT
from tests.live.conftest import query

REFUSED = {
    b"": "not_json",
    b"nothing": "not_json",
    b"\xff\xfe{}": "not_json",
    b'{"a": NaN}': "not_json",
    b'{"a": -Infinity}': "not_json",
    b'{"a": 1e400}': "not_json",
    b'{"a": 1e-999999}': "not_json",
    b'{"a": 1E+9999}': "not_json",
    b'{"a": [-0.5e-9999]}': "not_json",
    b'{"a": "b",\t"c":12.5e-999}': "not_json",
    b'{"a": ' + b"9" * 400 + b"}": "not_json",
    b'{"a": ' + b"9" * 5_000 + b"}": "not_json",
    b'{"a": 0.' + b"0" * 20_000 + b"1}": "not_json",
    b'{"a": "\\u0000"}': "not_json",
    b'{"\\ud800": 1}': "not_json",
    b'{"a": "\x01"}': "not_json",
    b'{"a": ' + b"[" * 30_000: "not_json",
    b'{"a": ' + b"[" * 20 + b"]" * 20 + b"}": "not_json",
    b'{"a": 1} {"a": 2}': "not_json",
    b'"text"': "not_an_object",
    b"17": "not_an_object",
    b'{"a": "' + b"x" * FRAME_BYTES + b'"}': "too_large",
    b'{"a": "' + "ä".encode() * (FRAME_BYTES // 2) + b'"}': "too_large",
    b"x" * (MESSAGE_BYTES + 1): "too_large",
}
READ = (
    b'{"a": 1, "b": {"c": [1, 2]}, "d": null, "e": true}',
    b'{"e100": 1e100, "id": "3e1234", "long": 12345678901234567890, "big": [-5E-7, 12e-5]}',
    b'{"smile": "\\ud83d\\ude00", "umlaut": "\xc3\xa4", "path": "C:\\\\u0000"}',
    b'{"id": "12e999-1e4000", "word": "3 e5000", "list": ["a1e999", "1e999"]}',
    b'{"small": 1e-300, "zero": 0e0, "exact": 0.1}',
)


@pytest.mark.parametrize("payload", REFUSED, ids=lambda payload: repr(payload[:20]))
def test_what_is_no_frame_is_refused(payload: bytes) -> None:
    ((_, found),) = read_message(payload)
    assert isinstance(found, FrameError)
    assert found.reason == REFUSED[payload]


def test_postgresql_reads_what_is_read_here(database: ConnectionParameters) -> None:
    for payload in READ:
        ((text, values),) = read_message(payload)
        assert isinstance(values, dict), values
        assert query(database, f"select cast('{text}' as jsonb) = cast('{json.dumps(values)}' as jsonb)") == [(True,)]


def test_a_message_has_a_frame_an_array_or_a_frame_a_line() -> None:
    def texts(payload: bytes) -> list[Any]:
        return [text if isinstance(values, dict) else values.reason for text, values in read_message(payload)]

    assert texts(b'{\r\n"a":\n1}') == ['{  "a": 1}']
    assert texts(b'{"a": 1}\n\n{"b": 2}\r\n') == ['{"a": 1}', '{"b": 2}']
    assert texts(b' [{"a": 1} , {"b":\n2}] ') == ['{"a": 1}', '{"b": 2}']
    assert texts(b"[]") == []
    assert texts(b'[{"a": 1}, 7, {"b": 2}]') == ['{"a": 1}', "not_an_object", '{"b": 2}']
    assert texts(b'[{"a": 1}, {"b": 2}') == ['{"a": 1}', '{"b": 2}', "not_json"]
    assert texts(b'{"a": 1}\n{"b"\n{"c": 3}') == ['{"a": 1}', "not_json", '{"c": 3}']


def packet(source_format: str, size: int, /, **values: Any) -> bytes:
    """A packet with these fields and 0 in the others; of many cars those of the car that one_of names."""
    known = next(each for each in packet_formats() if each.name == source_format)
    kinds = [each for each in known.packets if each.size == size]
    kind = next(each for each in kinds if all(values.get(key) in allowed for key, allowed in each.where.items()))
    data = bytearray(size)
    for fields, behind in ((kind.fields, 0), (kind.car, values.get(known.one_of, 0) * kind.car_bytes)):
        for each in fields:
            if each.name in values:
                struct.pack_into(known.endian + each.code, data, each.position + behind, values[each.name])
    return bytes(data)


@pytest.mark.parametrize("size", [311, 324, 331])
def test_a_packet_of_forza_is_a_frame(size: int) -> None:
    sent = packet("forza_udp", size, IsRaceOn=1, TimestampMS=61_500, Speed=50.1, Gear=4, LapNumber=2, Boost=math.nan)
    moment = Assembler().take(sent)
    assert moment is not None
    assert moment.packets == struct.pack("<H", size) + sent
    assert json.loads(moment.text) == moment.values
    assert moment.values["Boost"] is None
    assert struct.pack("<f", moment.values["Speed"]) == struct.pack("<f", 50.1)
    plan = read_plans(ROOT, ("lap_number", "speed_kph", "gear"))["forza_udp"]
    assert plan.clock(moment.values) == 61.5
    assert plan.read(moment.values) == {"lap_number": 3, "speed_kph": pytest.approx(180.36), "gear": 4}


def test_a_race_that_is_not_on_is_idle_and_other_packets_are_refused() -> None:
    telemetry = packet("f1_udp", 1352, packetFormat=2024, packetId=6)
    for sent, reason in (
        (packet("forza_udp", 324), "idle"),
        (bytes(323), "unknown_packet"),
        (b"", "unknown_packet"),
        (telemetry[:-1], "unknown_packet"),
        (telemetry[:27] + bytes([22]) + telemetry[28:], "unknown_packet"),
    ):
        with pytest.raises(FrameError) as raised:
            Assembler().take(sent)
        assert raised.value.reason == reason, len(sent)


def test_packets_of_one_moment_of_f1_are_one_frame() -> None:
    header = {"packetFormat": 2024, "sessionUID": (1 << 63) + 1, "playerCarIndex": 21}
    first, second = ({**header, "overallFrameIdentifier": number, "sessionTime": number / 60} for number in (60, 61))
    sent = [
        packet("f1_udp", 1352, **first, packetId=6, speed=287, throttle=0.5, tyresPressureFL=23.5),
        packet("f1_udp", 1285, **first, packetId=2, lapDistance=1_234.5, currentLapNum=7),
        packet("f1_udp", 1350, **first, packetId=4, name="Zoë".encode()),
    ]
    assembler = Assembler()
    assert [assembler.take(each) for each in sent] == [None, None, None]
    with pytest.raises(FrameError, match="not read"):
        assembler.take(packet("f1_udp", 1352, **second, packetId=6)[:6] + bytes([10]) + bytes(1_000))
    moment = assembler.take(packet("f1_udp", 1352, **second, packetId=6, speed=288))
    assert moment is not None
    values = moment.values
    assert (values["speed"], values["currentLapNum"], values["name"]) == (287, 7, "Zoë")
    assert (values["sessionUID"], values["sessionTime"], values["lapDistance"]) == ((1 << 63) + 1, 1, 1_234.5)
    assert moment.packets == b"".join(struct.pack("<H", len(each)) + each for each in sent)
    last = assembler.finish()
    assert last is not None
    assert last.values["speed"] == 288
    assert assembler.finish() is None


def test_every_live_format_has_a_clock_in_the_seed() -> None:
    plans = read_plans(ROOT, ())
    for known in (*json_formats(), *packet_formats()):
        assert plans[known.name].has_clock, known.name
