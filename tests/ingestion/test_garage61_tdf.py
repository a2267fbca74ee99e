"""A .tdf is read to the byte, or refused."""

import struct
from pathlib import Path

import numpy as np
import pytest

from ingestion.formats.logs.garage61_tdf import FORMAT
from ingestion.formats.logs.log import Log
from ingestion.reading import Reason, RefusedError
from tests.ingestion.logs import fuzz, is_rebuilt, values_of

START = "🏎df".encode() + b"\x04\x08\x01\x20\x01" + bytes(5)


def varint(value: int) -> bytes:
    data = b""
    while value > 127:
        data, value = data + bytes([value & 127 | 128]), value >> 7
    return data + bytes([value])


def field(number: int, value: int | float | bytes) -> bytes:
    match value:
        case int():
            return varint(number << 3) + varint(value)
        case float():
            return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def made_tdf(
    channels: dict[int, np.ndarray], samples: int = 90, rate: int = 60, count: int | None = None, more: bytes = b""
) -> bytes:
    """A .tdf: version, description, values.

    Args:
        channels: Values by the number of the channel.
        samples: In the description.
        rate: In the description.
        count: Of each channel, in place of samples.
        more: Bytes behind the description's fields.
    """
    described = b"".join(
        field(3, field(1, id_) + field(7, 0.0) + field(9, count or samples) + field(10, values.nbytes))
        for id_, values in channels.items()
    )
    description = field(1, rate) + field(2, samples) + described + more
    return START + varint(len(description)) + description + b"".join(one.tobytes() for one in channels.values())


SPEED, LATITUDE = np.arange(90, dtype="<f4"), np.arange(90, dtype="<f8") / 7
GEAR, IS_BRAKED = np.full(90, -1, "<i4"), np.ones(90, "u1")
LAP = {1: SPEED, 3: LATITUDE, 8: GEAR, 10: IS_BRAKED}


def opened(tmp_path: Path, data: bytes) -> Log:
    path = tmp_path / "lap.tdf"
    path.write_bytes(data)
    assert FORMAT.matches(data[:4_096])
    log = FORMAT.open(path)
    assert is_rebuilt(FORMAT, path)
    return log


def test_channels_are_known_by_their_numbers(tmp_path: Path) -> None:
    log = opened(tmp_path, made_tdf(LAP))
    assert [(one.name, one.value_type, one.sample_rate_hz, one.sample_count) for one in log.channels] == [
        ("1", "float4", 60, 90),
        ("3", "float8", 60, 90),
        ("8", "int4", 60, 90),
        ("10", "int4", 60, 90),
    ]
    assert values_of(log) == {number: values.tolist() for number, values in enumerate(LAP.values(), 1)}
    assert log.documents[0].content == {"rate": 60, "samples": 90}


def test_a_channel_of_4_bytes_that_is_not_known_has_no_sample(tmp_path: Path) -> None:
    log = opened(tmp_path, made_tdf({99: SPEED, **LAP}))
    assert log.channels[0].details["problem"] == "it is not known whether its values are integers"
    assert values_of(log)[1] == []
    assert values_of(log)[2] == SPEED.tolist()


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        (START[:8] + made_tdf(LAP)[8:].replace(b"\x01\x20\x01", b"\x02\x20\x01"), Reason.MALFORMED, "of a version"),
        (made_tdf(LAP, rate=0), Reason.MALFORMED, "a rate of 0 and 90 samples"),
        (made_tdf(LAP, samples=0), Reason.MALFORMED, "a rate of 60 and 0 samples"),
        (made_tdf(LAP, samples=1 << 40), Reason.MALFORMED, "are longer than two days"),
        (made_tdf(LAP, count=91), Reason.MALFORMED, "channel 1 has 91 samples in 360 bytes"),
        (made_tdf({1: SPEED[:80]}), Reason.MALFORMED, "channel 1 has 90 samples in 320 bytes"),
        (made_tdf(LAP)[:-1], Reason.MALFORMED, "channel 4 has 90 samples in 90 bytes"),
        (made_tdf(LAP, more=b"\x0b"), Reason.MALFORMED, "a description that ends early"),
        (made_tdf(LAP, more=b"\x08" + b"\xff" * 11), Reason.MALFORMED, "a number that does not end"),
        (
            made_tdf(LAP).replace(field(1, 3) + field(7, 0.0), field(1, b"") + field(7, 0.0)),
            Reason.MALFORMED,
            "channel 2",
        ),
        (made_tdf({99: SPEED}), Reason.NO_DATA, "garage61_tdf without a channel that is known"),
    ],
    ids=range(11),
)
def test_a_lap_that_cannot_be_believed_is_refused(tmp_path: Path, data: bytes, reason: Reason, detail: str) -> None:
    with pytest.raises(RefusedError) as refused:
        opened(tmp_path, data)
    assert refused.value.reason is reason
    assert detail in refused.value.detail


def test_damaged_laps(tmp_path: Path) -> None:
    found = fuzz(FORMAT, made_tdf(LAP), tmp_path, 300)
    assert found.total() >= 300
    assert found.keys() >= {"lands", Reason.MALFORMED}


def test_real_laps_give_their_files_back(real_files: Path) -> None:
    paths = sorted(real_files.rglob("*.tdf"))
    assert paths
    for path in paths:
        assert not [one for one in FORMAT.open(path).channels if "problem" in one.details]
        assert is_rebuilt(FORMAT, path)
