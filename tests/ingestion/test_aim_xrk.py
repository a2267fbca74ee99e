"""An AiM log is read by libxrk, in a process of its own."""

import zlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ingestion.formats.logs import aim_xrk, foreign
from ingestion.formats.logs.aim_xrk import FORMAT
from ingestion.formats.logs.foreign import Written
from ingestion.formats.logs.log import Channel
from ingestion.reading import Reason, RefusedError
from tests.ingestion.logs import values_of

START = b"<hCNF\0\xc8;\0\0\1>"
needs_libxrk = pytest.mark.skipif(find_spec("libxrk") is None, reason='the extra "aim" is not installed')


def refusal(path: Path, data: bytes) -> RefusedError:
    path.write_bytes(data)
    with pytest.raises(RefusedError) as refused:
        FORMAT.open(path)
    return refused.value


def added(folder: Path, **tables: tuple[list[int], pa.Array]) -> list[Channel]:
    """Channels made of times in milliseconds and values."""
    written, clocks = Written(folder, 1 << 20), {}
    for name, (times, values) in tables.items():
        value = pa.field(name, values.type, metadata={"units": "bar", "dec_pts": "1"})
        table = pa.table([pa.array(times, pa.int64()), values], pa.schema([("timecodes", pa.int64()), value]))
        aim_xrk._add(written, clocks, name, table)
    written.close()
    return written.channels


def test_a_log_is_recognised_under_its_compression() -> None:
    assert FORMAT.matches(START)
    assert FORMAT.matches(zlib.compress(START))
    assert not FORMAT.matches(zlib.compress(b"text"))
    assert not FORMAT.matches(b"x\x9cno compression")


def test_channels_with_the_same_times_share_them(tmp_path: Path) -> None:
    values = pa.array([1, 2, 3], pa.float32())
    channels = added(
        tmp_path,
        even=([0, 20, 40], values),
        late=([100, 120, 140], values),
        odd=([0, 20, 50], values),
        again=([0, 20, 50], values),
    )
    assert [(one.name, one.sample_rate_hz, one.times_channel, one.sample_count) for one in channels] == [
        ("even", 50, None, 3),
        ("timecodes", 50, 2, 3),
        ("late", 50, 2, 3),
        ("timecodes", 40, 4, 3),
        ("odd", 40, 4, 3),
        ("again", 40, 4, 3),
    ]
    assert (channels[0].unit, channels[0].details) == ("bar", {"dec_pts": "1"})
    written = np.frombuffer((tmp_path / "values").read_bytes()[12 : 12 + 24], "f8")
    assert written.tolist() == [0.1, 0.12, 0.14]


@pytest.mark.parametrize(
    ("times", "values", "problem"),
    [
        ([0, 1], pa.array([1, None], pa.float32()), "1 of its 2 values are missing"),
        ([0, 1], pa.array([1, 2], pa.int64()), "its type int64 is not known"),
        ([0, 1], pa.array(["a", "b"]), "its type object is not known"),
        ([0, 172_800_001], pa.array([1, 2], pa.float32()), "its times are longer than two days"),
    ],
)
def test_a_channel_that_cannot_be_believed_has_no_sample(
    tmp_path: Path, times: list[int], values: pa.Array, problem: str
) -> None:
    (channel,) = added(tmp_path, any=(times, values))
    assert (channel.sample_count, channel.details["problem"]) == (0, problem)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "find_spec", lambda _: None)
    refused = refusal(tmp_path / "log.xrk", START)
    assert refused.reason is Reason.KNOWN_NOT_SUPPORTED
    assert refused.detail.endswith('pip install "simrace[aim]"')


@needs_libxrk
@pytest.mark.parametrize("data", [START, START + bytes(5_000), START + b"\xff" * 5_000, zlib.compress(START)])
def test_junk_is_malformed(tmp_path: Path, data: bytes) -> None:
    assert refusal(tmp_path / "log.xrk", data).reason is Reason.MALFORMED


@needs_libxrk
def test_a_log_that_unpacks_to_more_than_is_believed_is_refused(tmp_path: Path) -> None:
    bomb = zlib.compress(START + bytes(aim_xrk.MAX_BYTES))
    assert refusal(tmp_path / "log.xrz", bomb).reason is Reason.TOO_LARGE


@needs_libxrk
def test_real_logs(real_files: Path, tmp_path: Path) -> None:
    paths = sorted(real_files.rglob("*.xrk"))
    assert paths
    for path in paths:
        log = FORMAT.open(path)
        assert not [one for one in log.channels if "problem" in one.details]
        assert [one.name for one in log.documents] == ["metadata", "laps", "reader"]
        packed = tmp_path / "log.xrz"
        packed.write_bytes(zlib.compress(path.read_bytes()))
        assert values_of(FORMAT.open(packed)) == values_of(log)
