"""A .ld is read to the byte, or refused; a channel that cannot be placed or timed is left out, and says why."""

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingestion.formats.logs.columns import MAX_REST_BYTES
from ingestion.formats.logs.log import Log
from ingestion.formats.logs.motec_ld import FORMAT, MAX_CHANNELS
from ingestion.reading import ChangedWhileReadError, Reason, RefusedError
from tests.ingestion.logs import fuzz, is_rebuilt, values_of

CHANNELS_AT = 0x1000


@dataclass
class Made:
    """A channel of a made file; `fields` replace what its header says, by name."""

    name: str
    values: np.ndarray
    rate: int = 10
    kind: int = 7
    scaled: tuple[int, int, int, int] = (0, 1, 1, 0)
    unit: bytes = b"m"
    fields: dict[str, int] = field(default_factory=dict)


def made_ld(*channels: Made, stride: int = 124, header: dict[int, bytes] | None = None, tail: bytes = b"") -> bytes:
    """A .ld: header, event, venue, vehicle, headers of channels, values.

    Args:
        channels: In the order of the chain.
        stride: Bytes from one header to the next.
        header: Bytes to write over the first part of the file, by their place.
        tail: Bytes behind the last value.
    """
    values_at = CHANNELS_AT + stride * len(channels)
    data = bytearray(values_at)
    struct.pack_into("<4I", data, 0, 64, 0, CHANNELS_AT if channels else 0, values_at)
    struct.pack_into("<I", data, 0x24, 0x6E2)
    struct.pack_into("<I8sH", data, 0x46, 8_004, b"ADL", 420)
    struct.pack_into("<H", data, 0x56, len(channels))
    texts = {0x5E: b"12/06/2024", 0x7E: b"18:40", 0x9E: b"Ada Vale\0old", 0xDE: b"falcon", 0x15E: b"Alder Park"}
    texts |= {0x6E2: b"evening", 0x722: b"PRACTICE", 0x762: "M\u00fcller".encode("cp1252")}
    texts |= {0xB70: b"alder", 0x624: b"dry"}
    for place, text in (texts | (header or {})).items():
        data[place : place + len(text)] = text
    struct.pack_into("<H", data, 0x6E2 + 1_152, 0xB70)
    for number, channel in enumerate(channels):
        at = CHANNELS_AT + stride * number
        told = {
            "next": at + stride if number + 1 < len(channels) else 0,
            "data": len(data),
            "count": len(channel.values),
            "size": channel.values.itemsize,
            "rate": channel.rate,
        } | channel.fields
        struct.pack_into(
            "<4I4H4h32s8s12s", data, at, max(0, at - stride) if number else 0, told["next"], told["data"],
            told["count"], 12_001 + number, channel.kind, told["size"], told["rate"], *channel.scaled,
            channel.name.encode(), b"short", channel.unit,
        )  # fmt: skip
        data += channel.values.tobytes()
    return bytes(data) + tail


def floats(count: int, first: float = 0) -> np.ndarray:
    return (first + np.arange(count)).astype("<f4")


def opened(tmp_path: Path, data: bytes) -> Log:
    path = tmp_path / "log.ld"
    path.write_bytes(data)
    assert FORMAT.matches(data[:4_096])
    log = FORMAT.open(path)
    assert is_rebuilt(FORMAT, path)
    return log


def problems(log: Log) -> list[str | None]:
    return [channel.details.get("problem") for channel in log.channels]


def refusal(tmp_path: Path, data: bytes) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        opened(tmp_path, data)
    return caught.value


SPEED, GEAR = Made("Speed", floats(30), 20), Made("Gear", np.array([-1, 4], "<i2"), 1, 3, (1, 2, 3, 4))


@pytest.mark.parametrize("stride", [116, 124, 212])
def test_channels_have_their_own_rate_type_and_length(tmp_path: Path, stride: int) -> None:
    log = opened(tmp_path, made_ld(SPEED, GEAR, stride=stride))
    assert [(one.number, one.name, one.unit, one.value_type) for one in log.channels] == [
        (1, "Speed", "m", "float4"),
        (2, "Gear", "m", "int4"),
    ]
    assert [(one.sample_rate_hz, one.sample_count) for one in log.channels] == [(20, 30), (1, 2)]
    assert values_of(log) == {1: list(range(30)), 2: [-1, 4]}
    assert log.channels[1].details == {
        "type": 3, "size": 2, "id": 12_002, "shift": 1, "multiplier": 2, "scale": 3, "decimals": 4,
        "short_name": "short", "header_offset": CHANNELS_AT + stride, "data_offset": CHANNELS_AT + 2 * stride + 120,
        "stored": "<i2", "stated_count": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "kind", "value_type"),
    [
        (np.array([1.5, np.inf, -0.0], "<f2"), 7, "float4"),
        (np.array([1.5, np.inf, -0.0], "<f4"), 7, "float4"),
        (np.array([1.5, 1e300, -0.0], "<f8"), 7, "float8"),
        (np.array([-32_768, 0, 32_767], "<i2"), 0, "int4"),
        (np.array([-(2**31), 0, 2**31 - 1], "<i4"), 3, "int4"),
        (np.array([-(2**31), 0, 2**31 - 1], "<i4"), 5, "int4"),
    ],
)
def test_values_land_as_they_are(tmp_path: Path, values: np.ndarray, kind: int, value_type: str) -> None:
    log = opened(tmp_path, made_ld(Made("any", values, kind=kind, scaled=(1, 0, 0, 2))))
    assert log.channels[0].value_type == value_type
    assert values_of(log)[1] == values.tolist()


@pytest.mark.parametrize("stored", ["<f2", "<f4"])
def test_every_nan_keeps_its_bits(tmp_path: Path, stored: str) -> None:
    bits = np.arange(1 << 16, dtype="<u2" if stored == "<f2" else "<u4")
    values = (bits if stored == "<f2" else bits | 0x7F80_0000).astype(bits.dtype).view(stored)
    opened(tmp_path, made_ld(Made("any", values)))


def test_the_header_is_told_as_it_stands(tmp_path: Path) -> None:
    log = opened(tmp_path, made_ld(SPEED))
    assert {one.name: one.content for one in log.documents if one.content} == {
        "header": {
            "serial": 8_004, "device": "ADL", "version": 420, "channels": 1, "date": "12/06/2024", "time": "18:40",
            "driver": "Ada Vale", "vehicle": "falcon", "venue": "Alder Park", "session": "", "comment": "dry",
        },
        "event": {"name": "evening", "session": "PRACTICE", "comment": "Müller"},
        "venue": {"name": "alder"},
    }  # fmt: skip


def test_the_vehicle_can_stand_before_the_event(tmp_path: Path) -> None:
    vehicle = bytearray(260)
    vehicle[:6], vehicle[192:194], vehicle[196:199], vehicle[228:231] = b"M4 GT3", b"\x6e\x05", b"Car", b"AWD"
    data = bytearray(made_ld(SPEED, header={0x19E + 64: bytes(vehicle)}))
    struct.pack_into("<H", data, 0xB70 + 1_098, 0x19E + 64)
    log = opened(tmp_path, bytes(data))
    assert next(one for one in log.documents if one.name == "vehicle").content == {
        "id": "M4 GT3", "description": "", "weight": 1_390, "type": "Car", "comment": "AWD",
    }  # fmt: skip


def test_blocks_are_spans_of_time_that_all_channels_share(tmp_path: Path) -> None:
    fast, odd, slow = Made("fast", floats(2_050), 200), Made("odd", floats(216), 21), Made("slow", floats(11), 1)
    log = opened(tmp_path, made_ld(fast, odd, slow))
    assert log.span_s == 4
    assert [(one.block_number, one.channel_number, one.first_sample, len(one.values)) for one in log.blocks()] == [
        (1, 1, 0, 800), (1, 2, 0, 84), (1, 3, 0, 4),
        (2, 1, 800, 800), (2, 2, 84, 84), (2, 3, 4, 4),
        (3, 1, 1_600, 450), (3, 2, 168, 48), (3, 3, 8, 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("channel", "problem"),
    [
        (Made("x", floats(3), rate=0), "its rate is 0"),
        (Made("x", floats(3), kind=9), "its type 9 of 4 bytes is not known"),
        (Made("x", floats(3), fields={"size": 0}), "its type 7 of 0 bytes is not known"),
        (Made("x", floats(3), fields={"data": 1 << 31}), "its values stand outside of the file, at 2,147,483,648"),
        (Made("x", floats(172_801), rate=1), "its 172,801 values at 1 Hz are longer than two days"),
        (Made("x", floats(3), fields={"data": 0x40}), "its values share bytes with others"),
        (Made("x", floats(3), fields={"data": CHANNELS_AT}), "its values share bytes with others"),
    ],
)
def test_a_channel_that_cannot_be_believed_has_no_sample(tmp_path: Path, channel: Made, problem: str) -> None:
    log = opened(tmp_path, made_ld(SPEED, channel))
    assert problems(log) == [None, problem]
    assert values_of(log) == {1: list(range(30)), 2: []}


def test_of_channels_that_share_bytes_none_is_believed(tmp_path: Path) -> None:
    log = opened(tmp_path, made_ld(Made("long", floats(3), fields={"count": 5}), Made("next", floats(4)), SPEED))
    assert problems(log) == ["its values share bytes with others"] * 2 + [None]


def test_a_log_that_was_cut_off_keeps_what_is_there(tmp_path: Path) -> None:
    log = opened(tmp_path, made_ld(SPEED, Made("cut", floats(9)), Made("gone", floats(9)))[: -36 - 10])
    assert [(one.sample_count, one.details["stated_count"]) for one in log.channels] == [(30, 30), (6, 9), (0, 9)]
    assert values_of(log)[2] == list(range(6))


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (made_ld(SPEED)[:300], Reason.MALFORMED, "a .ld of 300 bytes ends within its header"),
        (made_ld(), Reason.NO_DATA, "motec_ld without a channel"),
        (made_ld(SPEED)[:0x1010], Reason.MALFORMED, "channel 1 stands outside of the file, at 4,096"),
        (made_ld(SPEED, header={8: b"\x40\0\0\0"}), Reason.MALFORMED, "channel 1 stands outside of the file, at 64"),
        (made_ld(Made("a", floats(2), fields={"next": CHANNELS_AT})), Reason.MALFORMED, "channel 1 leads back"),
        (made_ld(Made("a", floats(40), fields={"next": CHANNELS_AT + 44})), Reason.MALFORMED, "that share bytes"),
        (made_ld(Made("a", floats(0))), Reason.NO_DATA, "motec_ld whose 1 channels have no sample"),
        (made_ld(Made("a", floats(2), rate=0)), Reason.MALFORMED, "of the first, its rate is 0"),
        (made_ld(SPEED, tail=bytes(MAX_REST_BYTES)), Reason.MALFORMED, "bytes belong to no channel"),
        (made_ld(*[SPEED] * (MAX_CHANNELS + 1)), Reason.MALFORMED, "a chain of more than 4,096 channels"),
    ],
    ids=range(10),
)  # fmt: skip
def test_a_log_that_cannot_be_believed_is_refused(tmp_path: Path, data: bytes, reason: Reason, detail: str) -> None:
    refused = refusal(tmp_path, data)
    assert (refused.reason, detail in refused.detail) == (reason, True), refused.detail


def test_a_log_that_shrinks_while_it_is_read_is_said_to_have_changed(tmp_path: Path) -> None:
    log = opened(tmp_path, made_ld(SPEED, GEAR))
    (tmp_path / "log.ld").write_bytes(made_ld(SPEED, GEAR)[:-2])
    with pytest.raises(ChangedWhileReadError):
        values_of(log)


def test_the_proof_of_bytes_finds_one_changed_value(tmp_path: Path) -> None:
    path = tmp_path / "log.ld"
    path.write_bytes(made_ld(SPEED, GEAR))

    def change(blocks: list[Any]) -> None:
        blocks[-1].values[0] += 1

    assert is_rebuilt(FORMAT, path)
    assert not is_rebuilt(FORMAT, path, change)


def test_damaged_headers(tmp_path: Path) -> None:
    found = fuzz(FORMAT, made_ld(SPEED, GEAR, Made("c", floats(8), 5))[:], tmp_path, 400)
    assert found.total() >= 400
    assert found.keys() == {"lands", Reason.MALFORMED}


def test_real_logs_give_their_files_back(real_files: Path) -> None:
    paths = sorted(real_files.rglob("*.ld"))
    logs = [path for path in paths if FORMAT.matches(path.read_bytes()[:4_096])]
    assert logs
    for path in logs:
        log = FORMAT.open(path)
        assert problems(log) == [None] * len(log.channels)
        assert is_rebuilt(FORMAT, path), path
