"""A file is known by its content, whatever it is called; what is not known is refused with a reason."""

import json
from pathlib import Path

import pytest

from ingestion.identify import identify, refuse_unsupported
from ingestion.reading import Reason, RefusedError, read_content

MOTEC = """"Format","MoTeC CSV File",,,"Workbook",""
"Venue","Alder Park",,,"Worksheet",""
"Device","ADL"
"Beacon Markers","24.3 190.1 "


"Time","Ground Speed"
"s","mph"


"0.000","30.3"
"""
MOTEC_EXCEL = "Format,MoTeC CSV File,,\nVenue,Alder Park,,\n,,,\n,,,\nTime,Ground Speed,,\ns,mph,,\n,,,\n0.1,30.3,,\n"
MU = "Driver,Ada Vale\nVehicle,falcon\nVenue,alder park\nSession,Test\n\nBrake,Lap\n%,\n\n100,1\n"
MU_EDITED = (
    ",Driver,Ada Vale,,SPEED\n,Vehicle,falcon,,\n,Venue,alder park,,\n,,,,\n,Brake,Lap No.,,\n,%,,,\n,,,,\n,1,2,,\n"
)
GARAGE61 = (
    "Speed,LapDistPct,Lat,Lon,Brake,Throttle,RPM,SteeringWheelAngle,Gear,Clutch,ABSActive,DRSActive,LatAccel,LongAccel,"
    "VertAccel,Yaw,YawRate,PositionType\n63.1,0.0001,34.1,-83.8,0,1,6989.3,-0.1,5,1,false,false,-8.3,2.8,11.3,-1.5,-0.1,3\n"
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
        (MOTEC_EXCEL, "motec_i2_csv", (5, 6, 8)),
        (MU, "iracing_mu_csv", (6, 7, 9)),
        (MU_EDITED, "iracing_mu_csv", (5, 6, 8)),
        (GARAGE61, "garage61_csv", (1, None, 2)),
        (GARAGE61.replace("YawRate,", ""), "garage61_csv", (1, None, 2)),
        (ACC, "acc_motec_csv", (1, None, 2)),
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
    assert identity.delimiter == (";" if ";" in text else ",")


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
        ("106.38\t3286.00\t85.40\n", Reason.UNKNOWN_FORMAT),
        (GARAGE61.replace("DRSActive", "x").replace("PositionType", "OffAsphalt"), Reason.UNKNOWN_FORMAT),
        ('{"name": "something else"}', Reason.UNKNOWN_FORMAT),
        ("[1, 2]", Reason.UNKNOWN_FORMAT),
        ("".join(MOTEC.splitlines(keepends=True)[:4]), Reason.NO_DATA),
        ("".join(MOTEC.splitlines(keepends=True)[:10]), Reason.NO_DATA),
        (GARAGE61.splitlines()[0], Reason.NO_DATA),
        ('{"sessionType": "R", "trackName": "x", "sessionResult": {"bestlap": 1}, "laps": []}', Reason.NO_DATA),
        ('{"subsession_id": 1, "session_results": []}', Reason.NO_DATA),
        ('{"subsession_id": 1, "session', Reason.MALFORMED),
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


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (b"\x02\0\0\0\x01\0\0\0\x3c\0\0\0", "ibt"),
        (b"12345678DUCK", "DuckDB"),
        (b'"Format","AiM CSV File"', "AiM"),
        (b"This file is created using RaceChrono v7", "RaceChrono"),
        (b"# RaceRender Data: TrackAddict", "TrackAddict"),
        (b"File created on 1\n[header]\n[column names]\n[data]", "vbo"),
        (b'<?xml version="1.0"?><rFactorXML>', "rFactor"),
        (b"\xef\xbb\xbfIsRaceOn,TimestampMS", "Forza"),
    ],
)
def test_a_format_that_is_not_read_yet_is_named(head: bytes, title: str) -> None:
    with pytest.raises(RefusedError, match=title) as refused:
        refuse_unsupported(head)
    assert refused.value.reason is Reason.KNOWN_NOT_SUPPORTED
