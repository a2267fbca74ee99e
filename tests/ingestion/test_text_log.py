"""Text that is read as a log is: cells, clocks, parts of a file, and the channels that become of its columns."""

import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from ingestion.formats.declarations import DeclarationError
from ingestion.formats.identify import Identity, identify
from ingestion.formats.text_log.cells import FORMS, numbers
from ingestion.formats.text_log.clock import row_times
from ingestion.formats.text_log.reading import Clock
from ingestion.formats.text_loggers import text_loggers
from ingestion.reading import Reason, RefusedError, read_content

NAN = math.nan


@pytest.mark.parametrize(
    ("form", "cell", "number"),
    [
        ("number", "-1.5e3", -1500),
        ("number", "+00004.36", 4.36),
        ("number", "1_000", NAN),
        ("number", "inf", NAN),
        ("number", "0x10", NAN),
        ("number_with_unit", "10.120 km/h", 10.12),
        ("number_with_unit", "-3.5m", -3.5),
        ("number_with_unit", "km/h", NAN),
        ("clock", "1:02:03.4", 3723.4),
        ("clock", "2:03.45", 123.45),
        ("clock", "1:20:868", 80.868),
        ("clock", "0:02:003", 2.003),
        ("clock", "1:61:00", NAN),
        ("clock", "-:--:---", NAN),
        ("clock", "12.5", 12.5),
        ("clock_digits", "095558.25", 35758.25),
        ("clock_digits", "246000.00", NAN),
        ("moment", "Tue Aug 21 18:21:18 MESZ 2012", 1345566078),
        ("moment", "21-Aug-2012 18:20:23.667", 1345573223.667),
        ("moment", "4. März 2026 10:00:00", 1772618400),
        ("moment", "mar. 04-mars-2026 10:00:00", 1772618400),
        ("moment", "1 juil. 2026 00:00:00", 1782864000),
        ("moment", "mié. 15-ago-2026 00:00:00", 1786752000),
        ("moment", "7-giu-2025 00:00:00", 1749254400),
        ("moment", "7-jui-2025 00:00:00", NAN),
        ("moment", "2026-02-09T19:20:01.5Z", 1770664801.5),
        ("moment", "2026-02-09 20:20:01.5+01:00", 1770664801.5),
        ("moment", "Tue Aug 21 18:21:18 XYZT 2012", NAN),
        ("moment", "3/4/2026 10:00", NAN),
        ("moment", "2026-02-30 10:00:00", NAN),
        ("milliseconds", "1500", 1.5),
        ("hemisphere", "w", -1),
        ("hemisphere", "x", NAN),
    ],
)
def test_a_cell_is_read_in_its_form(form: str, cell: str, number: float) -> None:
    assert FORMS[form](cell) == pytest.approx(number, abs=1e-6, nan_ok=True)


def test_blank_cells_say_nothing_and_wrong_ones_are_seen() -> None:
    words = {"n": 0.0, "true": 1.0}
    read = numbers(["", "-", "N", "true", "odd", "1,5"], "number", words, frozenset({"-"}), decimal_comma=True)
    assert read[:4] == [None, None, 0.0, 1.0]
    assert math.isnan(read[4] or 0)
    assert read[5] == 1.5


@pytest.mark.parametrize(
    ("clock", "told", "times"),
    [
        (Clock(), [5.0, 5.5, 6.0], [5.0, 5.5, 6.0]),
        (Clock(), [5.0, 4.0, 6.0], [5.0, 4.0, 6.0]),  # what goes back is refused in SQL
        (Clock(from_first=True), [NAN, 5.0, 5.5], [NAN, 0.0, 0.5]),
        (Clock(form="unix_seconds"), [1.7e9, 1.7e9 + 0.25], [0.0, 0.25]),
        # what SQL refuses is not where the log begins: the clock was later there, or an only row is ahead
        (Clock(from_first=True), [90.0, NAN, 5.0, 5.5, 6.0], [85.0, NAN, 0.0, 0.5, 1.0]),
        (Clock(from_first=True), [5.0, 5.5, 90.0, 6.0, 6.5], [0.0, 0.5, 85.0, 1.0, 1.5]),
        (Clock(from_first=True), [5.0, 5.5, 6.0, 1.0], [0.0, 0.5, 1.0, -4.0]),
        (Clock(from_first=True), [3.0, 2.0, 1.0], [0.0, -1.0, -2.0]),
        (Clock(form="clock_digits"), [86399.5, 0.0, 0.5], [0.0, 0.5, 1.0]),
        (Clock(form="milliseconds", bits=8), [0.25, 0.255, 0.0, 0.001], [0.25, 0.255, 0.256, 0.257]),
        (Clock(form="milliseconds", bits=8), [0.2, 0.25, 0.2], [0.2, 0.25, 0.2]),
        (Clock(begins_anew=True), [0.0, 0.5, 1.0, 0.1, 0.6], [0.0, 0.5, 1.0, 1.5, 2.0]),
        (Clock(begins_anew=True), [0.0, 0.5, 1.0, 1.2, 0.0, 0.5], [0.0, 0.5, 1.0, 1.2, 1.201, 1.701]),
        (Clock(repeats=True), [7.0, 7.0, 8.0, 8.0, 9.0], [7.0, 7.5, 8.0, 8.5, 9.0]),
        (Clock(repeats=True), [7.0, 7.0, 8.0, 8.0], [7.0, 7.5, 8.0, 8.5]),
        (Clock(), [], []),
    ],
)
def test_rows_get_their_times(clock: Clock, told: list[float], times: list[float]) -> None:
    np.testing.assert_allclose(row_times(np.array(told, np.float64), clock), times)


def declared(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "loggers.toml"
    file.write_text(text, encoding="utf-8")
    return file


LOGGER = """
[lap_box]
begins = ["Lap box"]
header = "after_preamble"
comment = "#"
below = ["units", "sources"]
unit_in_name = "()"
nothing = ["--"]
clock = { columns = ["Time"], form = "clock", date_columns = ["Stamp"] }
only = { State = ["run"] }
forms = { "Wind" = "number_with_unit" }
told = { driver = ["Pilot"], car = ["Car"], date = ["Day"] }
"""
FILE = """Lap box 3
Pilot;Ada Vale
Day;2026-03-01 10:20

Time;Stamp;Speed (mph);Speed (mph);Wind;State;Car;
s;s;;;;;;
;;1: gps;2: obd;;;;
# a note
0:01.0;1770000001;10,5;--;3,5 kn;run;Finch;
0:01.5;1770000001,5;11,5;20;3,5 kn;pause;Finch;
# another; with cells
0:02.0;1770000002;;21;4 kn;run;Finch;
0:02.5;1770000002,5;odd;--;4 kn;run;Finch;
0:03.0;17700
;1770000003,5;13,5;22;4 kn;run;Finch;
"""


def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logger: str, text: str) -> Identity:
    loggers = text_loggers(declared(tmp_path, logger))
    monkeypatch.setattr("ingestion.formats.identify.formats", lambda: loggers)
    file = tmp_path / "log.csv"
    file.write_text(text, encoding="utf-8")
    return identify(read_content(file))


def values_by_name(identity: Identity) -> dict[str, list[float]]:
    assert identity.log
    values: dict[int, list[float]] = defaultdict(list)
    for block in identity.log.blocks():
        assert block.first_sample == len(values[block.channel_number])
        values[block.channel_number] += block.values.tolist()
    return {channel.name: values[channel.number] for channel in identity.log.channels if channel.name != "times"}


def test_columns_become_channels_with_times_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = read(tmp_path, monkeypatch, LOGGER, FILE)
    log = identity.log
    assert log
    assert (identity.source_format, identity.delimiter, identity.entry_count) == ("lap_box", ";", 5)
    channels = {channel.name: channel for channel in log.channels}
    assert [(name, channels[name].unit) for name in ("Speed [gps]", "Speed [obd]", "Wind")] == [
        ("Speed [gps]", "mph"),
        ("Speed [obd]", "mph"),
        ("Wind", "kn"),
    ]
    found = values_by_name(identity)
    np.testing.assert_equal(found["clock"], [1.0, 2.0, 2.5, NAN, NAN])
    assert found["line"] == [9, 12, 13, 14, 15]
    assert found["fault"] == [0, 0, 0, 1, 2]
    np.testing.assert_equal(found["Speed [gps]"], [10.5, NAN, NAN, 13.5])  # a blank, a word; a refused row is no blank
    assert [number for number in found["Speed [obd]"] if number == number] == [21, 22]
    assert channels["State"].sample_count == 0
    assert [each.name for each in log.channels if each.number == channels["Speed [gps]"].times_channel] == ["times"]
    assert channels["Wind"].times_channel == channels["clock"].number
    [document] = log.documents
    told = {"driver": "Ada Vale", "car": "Finch", "date": "2026-03-01", "time": "10:20"}
    assert document.content == {"told": told, "decimal_comma": True, "started_at": 1770000000.0, "is_of_session": True}


def test_numbers_that_stand_for_no_value_are_blank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = (
        '[a]\nfirst_row = ["t"]\nheader = "first_row"\nclock = { columns = ["t"] }\nno_value = { last = ["-1", "0"] }\n'
    )
    identity = read(tmp_path, monkeypatch, logger, "t,last,other\n0,-1.0,-1\n1,0,0\n2,81.5,1\n3,odd,2\n")
    found = values_by_name(identity)
    np.testing.assert_equal(found["last"], [81.5, NAN])  # what is no number is seen
    assert found["other"] == [-1, 0, 1, 2]


UNSORTED = """
    [a]
    first_row = ["t"]
    header = "first_row"
    clock = { columns = ["t"], is_unsorted = true }
"""


def test_rows_in_another_order_are_put_into_that_of_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = values_by_name(read(tmp_path, monkeypatch, UNSORTED, "t,v\n3,30\n4,40\n,41\n4\n1,10\n2,20\n"))
    np.testing.assert_equal(found["clock"], [1, 2, 3, 4, NAN, NAN])
    np.testing.assert_equal(found["v"], [10, 20, 30, 40, 41, NAN])
    assert found["line"] == [6, 7, 2, 3, 4, 5]  # a row without a clock stays behind the one before it
    assert found["fault"] == [0, 0, 0, 0, 2, 1]


def test_as_many_rows_as_are_not_sorted_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.formats.text_log.log.MAX_SORTED_ROWS", 2)
    assert values_by_name(read(tmp_path, monkeypatch, UNSORTED, "t,v\n1,1\n2,2\n3,3\n"))["v"] == [1, 2, 3]
    with pytest.raises(RefusedError) as refused:
        read(tmp_path, monkeypatch, UNSORTED, "t,v\n1,1\n3,3\n2,2\n")
    assert refused.value.reason is Reason.TOO_LARGE


def test_a_file_of_several_drives_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = '[a]\nfirst_row = ["t"]\nheader = "first_row"\none_of = ["id"]\nclock = { columns = ["t"] }\n'
    assert read(tmp_path, monkeypatch, logger, "t,id\n1,7\n2,7\n").log
    assert read(tmp_path, monkeypatch, logger, "t,v\n1,7\n2,8\n").log
    with pytest.raises(RefusedError, match="id changes") as refused:
        read(tmp_path, monkeypatch, logger, "t,id\n1,7\n2,8\n")
    assert refused.value.reason is Reason.KNOWN_NOT_SUPPORTED


@pytest.mark.parametrize(
    ("stamp", "key"),
    [("2026-03-04T10:00:00.5", "started_at_local"), ("2026-03-04T10:00:00.5Z", "started_at")],
)
@pytest.mark.parametrize("columns", ['columns = ["at"], form = "moment"', 'columns = ["t"], date_columns = ["at"]'])
def test_a_moment_without_a_zone_is_not_taken_for_utc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: str, stamp: str, key: str
) -> None:
    logger = f"""
        [a]
        first_row = ["t"]
        header = "first_row"
        nothing = ["-"]
        clock = {{ {columns}, date_form = "moment" }}
    """
    log = read(tmp_path, monkeypatch, logger, f"t,at\n0,-\n0,{stamp}\n0,{stamp}\n").log
    assert log
    content = log.documents[0].content
    assert isinstance(content, dict)
    assert {name: content[name] for name in content if name.startswith("started")} == {key: 1772618400.5}


def test_a_clock_dates_a_log_whose_column_of_dates_is_blank(tmp_path: Path) -> None:
    """Torque without a fix: the phone's clock is what there is, and has no zone."""
    file = tmp_path / "log.csv"
    rows = "".join(f"-,04-Mar-2026 10:00:{row:02}.500,{3_000 + row}\n" for row in range(3))
    file.write_text("GPS Time, Device Time,Engine RPM(rpm)\n" + rows)
    log = identify(read_content(file)).log
    assert log
    content = log.documents[0].content
    assert isinstance(content, dict)
    assert {name: content[name] for name in content if name.startswith("started")} == {"started_at_local": 1772618400.5}


def test_columns_with_the_same_blanks_share_their_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = '[a]\nfirst_row = ["t"]\nheader = "first_row"\nblank = "unchanged"\nclock = { columns = ["t"] }\n'
    rows = "".join(f"{row / 10},{row if row % 2 else ''},{row if row % 2 else ''},{row}\n" for row in range(2_500))
    identity = read(tmp_path, monkeypatch, logger, "t,one,two,all\n" + rows)
    assert identity.log
    one, two, whole = identity.log.channels[1:4]
    assert one.times_channel == two.times_channel != whole.times_channel
    assert (one.sample_count, one.sample_rate_hz) == (1_250, None)  # an event, which holds until the next
    assert whole.sample_rate_hz == pytest.approx(10)
    found = values_by_name(identity)
    assert found["one"] == list(range(1, 2_500, 2))
    assert len({block.block_number for block in identity.log.blocks()}) == 3


def test_sections_have_names_in_lines_and_rows_cut_by_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = """
        [box]
        has_rows = ["[names]", "[data]"]
        header = "names"
        data = "data"
        delimiters = [" "]
        clock = { columns = ["time of day"], form = "clock_digits" }
    """
    text = (
        "by hand\n\n[names]\ntime of day\nspeed kmh\n\n[remarks]\nnone\n\n[data]\n235959.50  +010.5\n000000.00  011.5\n"
    )
    found = values_by_name(read(tmp_path, monkeypatch, logger, text))
    assert found["clock"] == [0.0, 0.5]
    assert found["speed kmh"] == [10.5, 11.5]


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("time\nspeed kmh\noil temp\noil temp\n", ["time", "speed kmh", "oil temp", "oil temp"]),
        ("time\nspeed kmh\n", ["time", "speed", "t1", "t2"]),
    ],
)
def test_names_in_one_line_count_where_those_in_lines_do_not_fit(tmp_path: Path, header: str, names: list[str]) -> None:
    """The vbo of this project, whose parts are all there."""
    file = tmp_path / "drive.vbo"
    file.write_text(
        f"File created on 03/04/2026 @ 10:00   \n\n[header]\n{header}\n[laptiming]\nStart +1.5 +2.5 +3.5 +4.5 here\n\n"
        "[column names]\ntime speed t1 t2\n\n[data]\n100000.50 1 2 3\n100001.00 +00001.5 2 3\n",
        encoding="utf-8",
    )
    log = identify(read_content(file)).log
    assert log is not None
    assert [channel.name for channel in log.channels if "role" not in channel.details] == names
    assert log.documents[0].content == {
        "told": {"date": "03/04/2026", "time": "10:00"},
        "decimal_comma": False,
        "first_clock_s": 36000.5,
        "sections": {"laptiming": [["Start", "+1.5", "+2.5", "+3.5", "+4.5", "here"]]},
    }


def test_cells_that_are_not_fresh_stand_for_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = """
        [box]
        first_row = ["t"]
        header = "first_row"
        unit_in_name = "()"
        clock = { columns = ["t"] }
        [box.fresh]
        New = ["lat", "speed (kmh)"]
    """
    text = "t,New,lat,speed (kmh),rpm\n0,1,5,50,90\n1,0,5,50,91\n2,0.0,5,50,92\n3,,5,50,93\n4,2,6,60,94\n"
    identity = read(tmp_path, monkeypatch, logger, text)
    found = values_by_name(identity)
    assert (found["lat"], found["speed"], found["rpm"]) == ([5, 6], [50, 60], [90, 91, 92, 93, 94])
    assert identity.log
    channels = {channel.name: channel for channel in identity.log.channels if channel.name != "times"}
    assert channels["lat"].times_channel == channels["speed"].times_channel != channels["rpm"].times_channel
    values = [block.values for block in identity.log.blocks() if block.channel_number == channels["lat"].times_channel]
    assert np.concatenate(values).tolist() == [0, 4]


def test_a_note_holds_from_the_next_row_of_the_drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows between that are none of it, broken or pauses, take nothing away from it; of one name the last counts."""
    logger = """
        [box]
        first_row = ["t"]
        header = "first_row"
        comment = "#"
        clock = { columns = ["t"] }
        only = { state = ["run"] }
        notes = { Lap = "clock", Best = "number" }
    """
    text = (
        "t,state,v\n0,run,1\n# Lap 1: 0:10.5\n# lap 2: 0:99\n# Laps: 3\n1,run,2\n2,run,3\n# Lap 2: 0:11\n3\n"
        "4,pause,0\n# Best: 10.5\n# Lap 3: 0:12.25\n5,pause,0\n,run,9\n6,run,4\n7,run,5\n"
    )
    identity = read(tmp_path, monkeypatch, logger, text)
    found = values_by_name(identity)
    np.testing.assert_equal(found["# Lap"], [10.5, NAN, 12.25])  # a broken row is no blank one, and has no time
    np.testing.assert_equal(found["# Best"], [NAN, 10.5])
    assert identity.log
    channels = {channel.name: channel for channel in identity.log.channels if channel.name != "times"}
    assert channels["# Lap"].sample_rate_hz is None  # an event
    times = channels["# Lap"].times_channel
    values = [block.values for block in identity.log.blocks() if block.channel_number == times]
    np.testing.assert_equal(np.concatenate(values), [1, NAN, 6])


def test_below_a_header_with_other_names_no_row_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the names of the file come again: what the cells between are, nothing says."""
    logger = '[a]\nfirst_row = ["t", "v"]\nheader = "first_row"\nclock = { columns = ["t"] }\n'
    text = "t,v,w\n0,1,2\nt,v,w\n1,2,3\nt,v,x\n2,3,4\n3,4,5\nt,v,w\n4,5,6\n"
    found = values_by_name(read(tmp_path, monkeypatch, logger, text))
    assert found["line"] == [2, 4, 5, 6, 7, 9]
    assert found["fault"] == [0, 0, 1, 1, 1, 0]
    np.testing.assert_equal(found["w"], [2, 3, NAN, NAN, NAN, 6])


def test_another_shape_of_a_format_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = """
        [box]
        first_row = ["Box"]
        header = "after_preamble"

        [box_bare]
        shape_of = "box"
        first_column = ["t", "s"]
        lacks_rows = ["s mph"]
        header = "first_row"
        has_units = true
    """
    identity = read(tmp_path, monkeypatch, logger, "t,v\ns,km/h\n0,1\n")
    assert identity.source_format == "box"
    assert identity.layout == (1, 2, 3)
    with pytest.raises(RefusedError, match=Reason.UNKNOWN_FORMAT):
        read(tmp_path, monkeypatch, logger, "t,v\ns,mph\n0,1\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("t,v\n", Reason.NO_DATA),
        ("t,v\n\n\n", Reason.NO_DATA),
        ("t,v\n1\n2\n", Reason.MALFORMED),
        ("t,v\n,1\n,2\n", Reason.MALFORMED),  # no time anywhere, and no rate
    ],
)
def test_what_cannot_be_a_log_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, reason: Reason
) -> None:
    logger = '[a]\nfirst_row = ["t"]\nheader = "first_row"\nclock = { columns = ["t"] }\n'
    with pytest.raises(RefusedError) as refused:
        read(tmp_path, monkeypatch, logger, text)
    assert refused.value.reason is reason


@pytest.mark.parametrize("rows", ["0.5,1\n", "0.5,1\n0.5,2\n", "odd,1\n0.5,2\n"])
def test_rows_of_one_moment_have_a_rate_so_that_sql_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: str
) -> None:
    logger = '[a]\nfirst_row = ["t"]\nheader = "first_row"\nclock = { columns = ["t"] }\n'
    log = read(tmp_path, monkeypatch, logger, "t,v\n" + rows).log
    assert log
    assert {channel.sample_rate_hz for channel in log.channels} == {1.0}


def test_a_clock_that_cannot_be_leaves_no_rate_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = '[a]\nfirst_row = ["t"]\nheader = "first_row"\nclock = { columns = ["t"] }\n'
    log = read(tmp_path, monkeypatch, logger, "t,v\n0,1\n1e300,\n1e307,3\n1e308,4\n").log
    assert log
    assert {channel.sample_rate_hz for channel in log.channels} == {1e-6}


def test_a_clock_that_is_blank_throughout_leaves_the_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = (
        '[a]\nbegins = ["Rate"]\nheader = "after_preamble"\nclock = { columns = ["t"] }\ntold = { rate = ["Rate"] }\n'
    )
    found = values_by_name(read(tmp_path, monkeypatch, logger, "Rate,20 Hz\n\nt,v\n,1\n,2\n,3\n"))
    assert found["clock"] == [0.0, 0.05, 0.1]
    assert "fault" not in found


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("clock = { form = 'clock' }", "needs in clock the columns"),
        ("clock = { columns = ['t'], form = 'sundial' }", "'sundial'; there are: clock"),
        ("clock = { columns = ['t'], colums = 1 }", "has no key 'colums' in clock"),
        ("clock = { columns = ['t'], rate_hz = true }", "needs for rate_hz in clock a number"),
        ("clock = { columns = ['t'], bits = 65 }", "bits in clock a number that is not of 0 to 64"),
        ("clock = { columns = ['t'], bits = 1.5 }", "needs for bits in clock a whole number"),
        ("clock = { columns = ['t'] }\nno_value = { a = ['-'] }", "no_value of 'a' ['-']; write numbers"),
        ("clock = { columns = ['t'] }\nno_value = { a = 0 }", "needs for a in no_value a list of texts"),
        ("clock = { columns = ['t'] }\nblank = 'gone'", "'gone'; there are: missing, unchanged"),
        ("clock = { columns = ['t'] }\nbelow = ['colours']", "'colours'; there are"),
        ("clock = { columns = ['t'] }\nforms = { a = 'b' }", "a in forms 'b'"),
        ("clock = { columns = ['t'] }\nwords = { a = 'b' }", "needs for a in words a number"),
        ("clock = { columns = ['t'] }\ntold = { pet = ['Dog'] }", "'pet'; there are"),
        ("clock = { columns = ['t'] }\ndelimiters = ['|']", "a space for any number"),
        ("comment = '#'", "has no key 'comment'"),
    ],
)
def test_a_wrong_declaration_is_told_with_its_line(tmp_path: Path, line: str, told: str) -> None:
    file = declared(tmp_path, f"# loggers\n\n[a]\nfirst_row = ['t']\nheader = 'first_row'\n{line}\n")
    with pytest.raises(DeclarationError) as wrong:
        text_loggers(file)
    place = 6 + line.count("\n")
    assert str(wrong.value).startswith(f"{file}, line {place}: [a] ")
    assert told in str(wrong.value)
