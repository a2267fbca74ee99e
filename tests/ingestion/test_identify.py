"""A file is known by its content, whatever it is called; what is not known is refused with a reason."""

import json
from pathlib import Path

import pytest

from ingestion.formats import UNSUPPORTED_FORMATS
from ingestion.identify import identify, refuse_unsupported
from ingestion.reading import Reason, RefusedError, read_blocks, read_content

MOTEC = """"Format","MoTeC CSV File",,,"Workbook",""
"Venue","Alder Park",,,"Worksheet",""
"Device","ADL"
"Beacon Markers","31.5 120.2 "


"Time","Ground Speed"
"s","mph"


"0.000","41.7"
"""
MOTEC_EXCEL = "Format,MoTeC CSV File,,\nVenue,Alder Park,,\n,,,\n,,,\nTime,Ground Speed,,\ns,mph,,\n,,,\n0.1,41.7,,\n"
MU = "Driver,Ada Vale\nVehicle,falcon\nVenue,alder park\nSession,Test\n\nBrake,Lap\n%,\n\n100,1\n"
MU_EDITED = (
    ",Driver,Ada Vale,,SPEED\n,Vehicle,falcon,,\n,Venue,alder park,,\n,,,,\n,Brake,Lap No.,,\n,%,,,\n,,,,\n,1,2,,\n"
)
GARAGE61 = (
    "Speed,LapDistPct,Lat,Lon,Brake,Throttle,RPM,SteeringWheelAngle,Gear,Clutch,ABSActive,DRSActive,LatAccel,LongAccel,"
    "VertAccel,Yaw,YawRate,PositionType\n55.5,0.01,48.1,11.5,0,1,7000,0.05,4,1,false,false,1.5,2.5,9.8,0.5,0.02,3\n"
)
ACC = (
    "Time,Lap,abs ROTY ,Oversteer,oversteer,STEERANGLE,SPEED,THROTTLE,BRAKE,TYRE_PRESS_LF\n1,Lap 1,0,0,0,0,49,99,0,26\n"
)
RESULTS = '"Fin Pos","Car ID","Cust ID","Name"\n"1","100","77","Ada Vale"\n'
OFFICIAL = '"Start Time","Track"\n"2026-01-01T00:00:00Z","Alder Park"\n\n' + RESULTS
LEAGUE = '"Start Time","Track"\n"x","y"\n\n\n\n"League Name","League ID"\n"z","1"\n\n' + RESULTS
SUBSESSION = {"subsession_id": 1, "session_results": [{"simsession_number": 0}]}
ACC_RESULTS = {"sessionType": "R", "trackName": "alder", "sessionResult": {"leaderBoardLines": [{}]}, "laps": []}


@pytest.mark.parametrize(
    ("text", "source_format", "layout"),
    [
        (MOTEC, "motec_i2_csv", (7, 8, 11)),
        (MOTEC.replace("\n", "\r\n"), "motec_i2_csv", (7, 8, 11)),
        (MOTEC.replace('"', ""), "motec_i2_csv", (7, 8, 11)),
        (MOTEC.replace(",", ";"), "motec_i2_csv", (7, 8, 11)),
        (MOTEC.replace(",", "\t"), "motec_i2_csv", (7, 8, 11)),
        (MOTEC.replace('"s","mph"', '"",""'), "motec_i2_csv", (7, 8, 11)),
        (MOTEC_EXCEL, "motec_i2_csv", (5, 6, 8)),
        (MU, "iracing_mu_csv", (6, 7, 9)),
        (MU_EDITED, "iracing_mu_csv", (5, 6, 8)),
        (GARAGE61, "garage61_csv", (1, None, 2)),
        (GARAGE61.replace("YawRate,", ""), "garage61_csv", (1, None, 2)),
        (GARAGE61.replace("\n", "\n\n", 1), "garage61_csv", (1, None, 3)),
        (ACC, "acc_motec_csv", (1, None, 2)),
        (RESULTS.replace("Cust ID", "Custid").replace("Name", "Driver"), "iracing_results_csv", (1, None, 2)),
        ("\n" + RESULTS, "iracing_results_csv", (2, None, 3)),
        (OFFICIAL, "iracing_results_csv", (4, None, 5)),
        (LEAGUE, "iracing_results_csv", (9, None, 10)),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_recognised_and_its_parts_are_found(
    tmp_path: Path, text: str, source_format: str, layout: tuple[int, int | None, int], encoding: str
) -> None:
    file = tmp_path / "wrong name.json"
    file.write_bytes(text.encode(encoding))
    identity = identify(read_content(file))
    assert identity.source_format == source_format
    assert identity.layout == layout
    assert identity.delimiter == (";" if ";" in text else "\t" if "\t" in text else ",")


def test_all_that_is_before_the_data_is_in_the_first_block(tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    names = ",".join(f'"Channel {number:08}"' for number in range(12_000))
    file.write_text(MOTEC.replace('"Time","Ground Speed"', names) + '"1","2"\n' * 5_000)
    content = read_content(file)
    layout = identify(content).layout
    block = next(iter(read_blocks(content)))
    assert layout and layout.first_data_line
    assert int(str(block["line_count"])) >= layout.first_data_line - 1


@pytest.mark.parametrize("text", [MOTEC, MOTEC_EXCEL, MU, MU_EDITED, GARAGE61, ACC, RESULTS, OFFICIAL, LEAGUE])
def test_what_is_read_is_not_taken_for_what_is_not_read(text: str) -> None:
    refuse_unsupported(text.encode())


@pytest.mark.parametrize(
    ("document", "source_format"),
    [
        (SUBSESSION, "iracing_results_json"),
        ({"type": "event_result", "data": SUBSESSION}, "iracing_results_json"),
        ({"headers": {}, "content": SUBSESSION}, "iracing_results_json"),
        (ACC_RESULTS, "acc_results_json"),
        ({"sessionDef": {}, "snapShot": {"leaderBoardLines": [{}]}, "laps": []}, "acc_results_json"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le"])
def test_a_document_is_recognised_in_every_envelope(
    tmp_path: Path, document: object, source_format: str, encoding: str
) -> None:
    file = tmp_path / "wrong name.csv"
    file.write_bytes(json.dumps(document, indent=1).encode(encoding))
    identity = identify(read_content(file))
    assert (identity.source_format, identity.layout) == (source_format, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("item,amount\nbread,2\n", Reason.UNKNOWN_FORMAT),
        ("42.10\t1500.00\t118.70\n", Reason.UNKNOWN_FORMAT),
        (GARAGE61.replace("DRSActive", "x").replace("PositionType", "OffAsphalt"), Reason.UNKNOWN_FORMAT),
        ('"' + "x" * 200_000 + "\n1,2\n", Reason.UNKNOWN_FORMAT),
        (" \n\r\n", Reason.UNKNOWN_FORMAT),
        ('{"name": "something else"}', Reason.UNKNOWN_FORMAT),
        ("[1, 2]", Reason.UNKNOWN_FORMAT),
        ("".join(MOTEC.splitlines(keepends=True)[:4]), Reason.NO_DATA),
        ("".join(MOTEC.splitlines(keepends=True)[:10]), Reason.NO_DATA),
        (GARAGE61.splitlines()[0], Reason.NO_DATA),
        ('{"sessionType": "R", "trackName": "x", "sessionResult": {"bestlap": 1}, "laps": []}', Reason.NO_DATA),
        ('{"subsession_id": 1, "session_results": []}', Reason.NO_DATA),
        ('{"subsession_id": 1, "session_results": {"results": 1}}', Reason.NO_DATA),
        (OFFICIAL.removesuffix('"1","100","77","Ada Vale"\n'), Reason.NO_DATA),
        ('{"subsession_id": 1, "session', Reason.MALFORMED),
        ('{"subsession_id": -Infinity, "session_results": [1]}', Reason.MALFORMED),
        ('{"subsession_id": ' + "1" * 5_000 + ', "session_results": [1]}', Reason.MALFORMED),
        ('{"subsession_id": 1, "session_results": [1]} and more', Reason.MALFORMED),
        ('{"a":' * 100_000, Reason.MALFORMED),
        ('{"subsession_id": NaN, "session_results": [1]}', Reason.MALFORMED),
        ("[" * 100_000, Reason.MALFORMED),
        ('{"subsession_id": "\\ud800", "session_results": [1]}', Reason.MALFORMED),
        ('{"subsession_id": "\\u0000", "session_results": [1]}', Reason.NUL_CHARACTERS),
    ],
)
def test_what_is_not_known_is_refused_with_a_reason(tmp_path: Path, text: str, reason: Reason) -> None:
    file = tmp_path / "session.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RefusedError) as refused:
        identify(read_content(file))
    assert refused.value.reason is reason
    assert len(refused.value.detail) < 250


def test_what_a_refused_file_begins_with_is_told_in_short(tmp_path: Path) -> None:
    file = tmp_path / "session"
    for text in ("ä" * 500_000, json.dumps({"\x1b[31m" + "k" * 500_000: 1}, ensure_ascii=False)):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(RefusedError) as refused:
            identify(read_content(file))
        assert refused.value.reason is Reason.UNKNOWN_FORMAT
        assert len(refused.value.detail) < 250
        assert "\x1b" not in refused.value.detail


def test_a_document_over_the_limit_is_not_even_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "race.json"
    file.write_text(json.dumps(SUBSESSION))
    monkeypatch.setattr("ingestion.identify.MAX_DOCUMENT_BYTES", file.stat().st_size)
    assert identify(read_content(file)).source_format == "iracing_results_json"
    monkeypatch.setattr("ingestion.identify.MAX_DOCUMENT_BYTES", file.stat().st_size - 1)
    monkeypatch.setattr("ingestion.identify.read_text", None)
    with pytest.raises(RefusedError) as refused:
        identify(read_content(file))
    assert refused.value.reason is Reason.TOO_LARGE


UNSUPPORTED = [
    (b"\x02\0\0\0\x01\0\0\0\x3c\0\0\0", "ibt"),
    (b"12345678DUCK", "DuckDB"),
    (b'"Format","AiM CSV File"', "AiM"),
    (b"This file is created using RaceChrono v7", "RaceChrono"),
    (b"# RaceRender Data: TrackAddict", "TrackAddict"),
    (b"File created on 1\n[header]\n[column names]\n[data]", "vbo"),
    (b'<?xml version="1.0"?><rFactorXML>', "rFactor"),
    (b"\xef\xbb\xbfIsRaceOn,TimestampMS", "Forza"),
    (b'"Interval"|"ms"|0|0|1,"Utc"|"ms"|0|0|1', "RaceCapture"),
    (b'"position","name","points","dropped","clubname"', "standings"),
    (b"#group\n,result,table,_start,_stop,_time,_value", "CrewChief"),
    (b"Lap,SPEED_Min,SPEED_Max,SPEED_Std Dev,x", "channel report"),
    (b'{"TrackName": "alder", "TrackConfig": "", "Type": "RACE", "Cars": []}', "Assetto Corsa results"),
    (b"Time (sec),Engine Speed (RPM)", "generic logger"),
    (b"PK\3\4....", "nested archive"),
    (b"\x1f\x8b\x08\0", "nested archive"),
]


def test_every_format_that_is_not_read_yet_is_tried() -> None:
    tried = [sum(kind.signature(head) for head, _ in UNSUPPORTED) for kind in UNSUPPORTED_FORMATS]
    assert 0 not in tried


@pytest.mark.parametrize(("head", "title"), UNSUPPORTED)
def test_a_format_that_is_not_read_yet_is_named(head: bytes, title: str) -> None:
    with pytest.raises(RefusedError, match=title) as refused:
        refuse_unsupported(head)
    assert refused.value.reason is Reason.KNOWN_NOT_SUPPORTED
