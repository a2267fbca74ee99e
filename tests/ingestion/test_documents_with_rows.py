"""Documents that hold rows of a drive: points of GPX, laps of GT7 Dashboard, frames of a stream."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingestion.formats.identify import Identity, identify
from ingestion.formats.kinds import Family
from ingestion.formats.text_log import gt7_dashboard
from ingestion.formats.text_log.clock import row_times
from ingestion.formats.text_log.reading import Clock
from ingestion.reading import Reason, RefusedError, read_content
from tests.ingestion.test_text_log import values_by_name

GARMIN = "http://www.garmin.com/xmlschemas/TrackPointExtension/v2"
NAN = math.nan


def read(tmp_path: Path, text: str) -> Identity:
    file = tmp_path / "drive"
    file.write_text(text, encoding="utf-8", newline="")
    return identify(read_content(file))


def refusal(tmp_path: Path, text: str) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        read(tmp_path, text)
    return refused.value


def gpx(*tracks: str, version: str = "1.1") -> str:
    own = f"http://www.topografix.com/GPX/{version.replace('.', '/')}"
    return (
        f'<gpx version="{version}" xmlns="{own}" xmlns:t="{GARMIN}">'
        + "".join(f"<trk><trkseg>{track}</trkseg></trk>\n" for track in tracks)
        + "</gpx>"
    )


def point(second: float | None, north_m: float = 0, inside: str = "") -> str:
    time = "" if second is None else f"<time>2026-03-04T08:00:{second:06.3f}Z</time>"
    return f'<trkpt lat="{47 + north_m / 111_320:.9f}" lon="8.5">{time}{inside}</trkpt>\n'


def units(identity: Identity) -> dict[str, str]:
    assert identity.log
    return {channel.name: channel.unit for channel in identity.log.channels if "role" not in channel.details}


def test_points_are_rows_and_elements_of_theirs_columns(tmp_path: Path) -> None:
    inside = "<ele>300</ele><extensions><t:TrackPointExtension><t:speed>3</t:speed><t:hr>120</t:hr>"
    inside += (
        "</t:TrackPointExtension><own:hdop xmlns:own='urn:own'>0.8</own:hdop><sat>9</sat><sat>8</sat></extensions>"
    )
    identity = read(tmp_path, gpx(point(1, inside=inside) + point(1.5)))
    assert (identity.source_format, identity.entry_count, identity.delimiter) == ("gpx", 2, None)
    assert units(identity) == {
        "time": "",
        "lat": "deg",
        "lon": "deg",
        "ele": "m",
        "TrackPointExtension:speed": "m/s",
        "TrackPointExtension:hr": "",
        "urn:own:hdop": "",
        "extensions:sat": "",
    }
    found = values_by_name(identity)
    assert found["clock"] == [0.0, 0.5]
    assert found["extensions:sat"] == [9.0]
    assert found["line"] == [1, 2]


def test_tracks_are_put_in_the_order_of_their_times(tmp_path: Path) -> None:
    text = gpx(point(9) + point(10), point(None) + point(1) + point(2) + point(2), point(None))
    found = values_by_name(read(tmp_path, text))
    np.testing.assert_equal(found["clock"], [NAN, 0.0, 1.0, 1.5, 8.0, 9.0, NAN])
    assert found["line"] == [4, 5, 6, 7, 1, 2, 9]
    np.testing.assert_equal(found["fault"], [2, 0, 0, 0, 0, 0, 2])


def test_a_drive_began_at_the_first_stamp(tmp_path: Path) -> None:
    log = read(tmp_path, gpx("".join(point(second) for second in (4, 4, 4, 4, 5, 5, 5, 5)))).log
    assert log
    assert (log.documents[0].content or {})["started_at"] == 1_772_611_204


def test_points_on_one_line_have_numbers_of_their_own(tmp_path: Path) -> None:
    found = values_by_name(read(tmp_path, gpx(point(1) + point(2) + point(None)).replace("\n", "")))
    assert len(set(found["line"])) == 3
    assert min(found["line"]) > 1_000_000


def test_two_drives_of_one_time_are_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, gpx(point(1) + point(9), point(8) + point(12)))
    assert error.reason is Reason.MALFORMED
    assert "tracks of the same time" in error.detail
    assert read(tmp_path, gpx(point(1) + point(9), point(9) + point(12))).entry_count == 4


def test_a_line_without_times_is_kept(tmp_path: Path) -> None:
    identity = read(tmp_path, gpx(point(None) * 3))
    assert (identity.source_format, identity.family, identity.entry_count) == ("gpx_line", Family.LAYOUTS, 3)
    assert identity.log is None


@pytest.mark.parametrize(
    ("factor", "version", "steps", "unit"),
    [
        (1, "1.1", 30, "m/s"),
        (3.6, "1.1", 30, "km/h"),
        (1.94, "1.1", 30, ""),  # knots: near to nothing that is written
        (1.15, "1.1", 30, ""),
        (1, "1.1", 4, ""),  # too short to say
        (1.94, "1.0", 30, "m/s"),  # the version says it
    ],
)
@pytest.mark.parametrize("repeats", [1, 3])
def test_a_speed_has_the_unit_that_its_way_proves(
    tmp_path: Path, factor: float, version: str, steps: int, unit: str, repeats: int
) -> None:
    points = (
        point(at // repeats, 20 * at / repeats, f"<speed>{20 * factor}</speed>") for at in range(steps * repeats + 1)
    )
    assert units(read(tmp_path, gpx("".join(points), version=version)))["speed"] == unit


@pytest.mark.parametrize(
    ("told", "times"),
    [
        ([7, 7, 8, 8, 60, 60], [7, 7.5, 8, 8.5, 60, 60.5]),  # none of a stamp lies in the pause
        ([7, 7, 8, 8, 3, 9, 9], [7, 7.5, 8, 8.5, 3, 9, 10]),
        ([7, 7], [7, 7]),
    ],
)
def test_points_of_one_stamp_lie_as_close_before_a_pause_as_elsewhere(told: list[float], times: list[float]) -> None:
    np.testing.assert_allclose(row_times(np.array(told, np.float64), Clock(repeats=True)), times)


def test_a_wide_or_a_long_document_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.formats.text_log.gpx.MAX_CELLS", 5)
    assert refusal(tmp_path, gpx(point(1) + point(2))).reason is Reason.TOO_LARGE


def lap(number: int, count: int, time_ms: float, **more: Any) -> dict[str, Any]:
    return {
        "title": "x",
        "lap_ticks": count + 1,
        "lap_finish_time": time_ms,
        "number": number,
        "data_speed": [100 + number] * count,
        "data_gear": [0, *[number] * (count - 1)],
        **more,
    }


def stamp(second: float) -> dict[str, str]:
    return {"lap_start_timestamp": f"2026-03-04 08:00:{second:09.6f}"}


def begins_and_markers(tmp_path: Path, laps: list[dict[str, Any]]) -> tuple[list[float], list[float]]:
    """When packets are the first of their lap, and the markers of the line."""
    identity = read(tmp_path, json.dumps(laps))
    assert identity.log
    found = values_by_name(identity)
    begins = [time for time, gear in zip(found["clock"], found["data_gear"], strict=True) if gear == -1]
    told = (identity.log.documents[0].content or {})["told"]
    return begins, [float(marker) for marker in told.get("beacons", "").split()]


def test_packets_of_a_lap_are_spread_over_its_time(tmp_path: Path) -> None:
    laps = [lap(3, 62, 1_030.0), lap(2, 60, 1_006.0)]  # the newest first
    begins, markers = begins_and_markers(tmp_path, laps)
    assert begins == pytest.approx([1.006 / 120, 1.006 + 1.03 / 124], abs=2e-6)
    assert markers == [0.0, 1.006, 2.036]
    assert values_by_name(read(tmp_path, json.dumps(laps)))["data_speed"][:60] == [102] * 60


def test_laps_without_stamps_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    _, markers = begins_and_markers(tmp_path, [lap(1, 60, 1_000), lap(2, 63, 1_050)])
    assert markers == [0, 1, 2.05]


def test_what_is_no_lap_has_no_markers_and_stands_apart(tmp_path: Path) -> None:
    laps = [
        lap(1, 40, 1_000),  # recorded in part
        lap(2, 60, 1_000),
        lap(3, 60, 1_000, is_manual=True),
        lap(4, 60, 1_000),
        lap(6, 60, 1_000),  # one is missing before
        lap(7, 90, 1_000),  # more than its time
        lap(8, 60, 0),
    ]
    begins, markers = begins_and_markers(tmp_path, laps[::-1])
    starts = [0, 40 / 60 + 60, 40 / 60 + 121, 40 / 60 + 182, 40 / 60 + 243, 40 / 60 + 304, 40 / 60 + 365.5]
    assert begins == pytest.approx([start + 0.5 / 60 for start in starts], abs=2e-6)
    assert markers == pytest.approx([end for at in (1, 3, 4) for end in (starts[at], starts[at] + 1)], abs=1e-3)


def test_stamps_order_laps_and_say_how_long_a_pause_was(tmp_path: Path) -> None:
    twice = lap(2, 60, 1_000, **stamp(1.001))
    laps = [twice, lap(1, 60, 1_000, **stamp(0)), twice, lap(3, 60, 1_000, **stamp(50))]
    begins, markers = begins_and_markers(tmp_path, laps)
    assert begins == pytest.approx([0.5 / 60 + begin for begin in (0, 1, 1, 62)], abs=2e-6)
    assert markers == [0, 1, 2, 62, 63]


def test_a_lap_is_read_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as many values as a document may have, and as one lap may."""
    monkeypatch.setattr("ingestion.formats.identify.MAX_DOCUMENT_VALUES", 100)
    monkeypatch.setattr(gt7_dashboard, "MAX_LAP_VALUES", 150)
    laps = [lap(number, 60, 1_000) for number in (2, 1)]
    assert read(tmp_path, json.dumps(laps)).entry_count == 120
    monkeypatch.setattr(gt7_dashboard, "MAX_LAP_VALUES", 120)
    assert refusal(tmp_path, json.dumps(laps)).reason is Reason.TOO_LARGE


def test_what_a_lap_says_of_the_session_is_told(tmp_path: Path) -> None:
    laps = [lap(2, 60, 1_000, car_id=8, **stamp(1)), lap(1, 60, 1_000, car_id=8, **stamp(0))]
    for car in (8, 9):
        laps[0]["car_id"] = car
        log = read(tmp_path, json.dumps(laps)).log
        assert log
        told = (log.documents[0].content or {})["told"]
        assert (told["date"], told["time"]) == ("2026-03-04", "08:00:00.000000")
        assert told.get("car") == ("8" if car == 8 else None)


def test_reverse_is_below_nought_and_nothing_is_nothing(tmp_path: Path) -> None:
    found = values_by_name(read(tmp_path, json.dumps([lap(1, 60, 1_000, data_gear=[0, 1, None, *[2] * 57])])))
    assert found["data_gear"][:3] == [-1, 1, 2]


def frames(*lines: object) -> str:
    return "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)


def test_a_line_of_json_is_a_row_and_places_inside_of_it_are_columns(tmp_path: Path) -> None:
    told = {"source_format": "live_json", "told": {"driver": "Ada Vale", "car": "Finch"}}
    first = {"elapsed_s": 0.5, "speed_kph": 100.10, "tyres": [{"pressure": 150}, {"pressure": None}], "is_lit": True}
    identity = read(tmp_path, frames(told, first, {"elapsed_s": 1, "later": "x"}))
    assert (identity.source_format, identity.entry_count) == ("live_json", 2)
    assert list(units(identity)) == [
        "elapsed_s",
        "speed_kph",
        "tyres.0.pressure",
        "tyres.1.pressure",
        "is_lit",
        "later",
    ]
    assert identity.log
    assert identity.log.documents[0].content["told"] == {"driver": "Ada Vale", "car": "Finch"}  # type: ignore[index]
    assert values_by_name(identity)["line"] == pytest.approx([2, 3])


def test_frames_are_in_the_order_of_their_clock_and_what_is_no_object_is_refused(tmp_path: Path) -> None:
    identity = read(
        tmp_path, frames({"elapsed_s": 2, "speed_kph": 7}, {"elapsed_s": 1, "speed_kph": 5}, "[1]", '{"elapsed_s":')
    )
    values = values_by_name(identity)
    assert values["clock"] == pytest.approx([1, NAN, NAN, 2], nan_ok=True)
    assert values["fault"] == pytest.approx([0, 1, 1, 0])


def test_a_line_of_other_names_is_no_frame(tmp_path: Path) -> None:
    assert refusal(tmp_path, frames({"speed_kph": 7}, {"speed_kph": 5})).reason is Reason.MALFORMED
    told = {"source_format": "no_such_format", "told": {}}
    assert refusal(tmp_path, frames(told, {"elapsed_s": 1, "speed_kph": 5})).reason is Reason.MALFORMED
