"""A file is recognised by its content, whatever its name; an unknown one is refused with a reason."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion.formats.declarations import DeclarationError
from ingestion.formats.identify import formats, identify, refuse_binary
from ingestion.formats.kinds import TableFormat
from ingestion.formats.lines import cells
from ingestion.formats.not_read_yet import HEAD_BYTES, not_read_yet
from ingestion.formats.text_loggers import text_loggers
from ingestion.paths import expand
from ingestion.reading import Reason, RefusedError, read_blocks, read_content
from ingestion.settings import PSEUDONYM_VARIABLE, SHORTEST_KEY
from ingestion.sources import open_sources

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
BARE = (
    '"Time","ROTY","STEERANGLE","SPEED","THROTTLE","BRAKE","TYRE_PRESS_LF"\n'
    '"s","deg/s","deg","km/h","%","%",".."\n"0.000","-0","0","0.0","0","9","25"\n'
)
RESULTS = '"Fin Pos","Car ID","Cust ID","Name"\n"1","100","77","Ada Vale"\n'
OFFICIAL = '"Start Time","Track"\n"2026-01-01T00:00:00Z","Alder Park"\n\n' + RESULTS
LEAGUE = '"Start Time","Track"\n"x","y"\n\n\n\n"League Name","League ID"\n"z","1"\n\n' + RESULTS
STANDINGS = '"position","name","points","dropped","week"\n"1","Ada Vale","4","0","1"\n'
SUBSESSION = {"subsession_id": 1, "session_results": [{"simsession_number": 0}]}
RACE_OUT = {"track": "oak", "number_of_sessions": 1, "players": [{"name": "Ada"}], "sessions": [{"type": 3}]}
SMS_EVENT = {"setup": {"TrackId": 4}, "stages": {"race1": {"results": [{"refid": 1}]}}}
ACC_RESULTS = {"sessionType": "R", "trackName": "alder", "sessionResult": {"leaderBoardLines": [{}]}, "laps": []}


@pytest.mark.parametrize(
    ("text", "source_format", "layout"),
    [
        (STANDINGS, "iracing_standings_csv", (1, None, 2)),
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
        (BARE, "motec_i2_csv", (1, 2, 3)),
        (BARE.replace(",", ";").replace('"', ""), "motec_i2_csv", (1, 2, 3)),
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


@pytest.mark.parametrize(
    "text", [MOTEC, MOTEC_EXCEL, MU, MU_EDITED, GARAGE61, ACC, BARE, RESULTS, OFFICIAL, LEAGUE, STANDINGS]
)
def test_no_table_is_of_two_formats(text: str) -> None:
    rows = [cells(line, ",") for line in text.split("\n")]
    assert sum(known.recognise(rows) for known in formats() if isinstance(known, TableFormat)) == 1


def test_a_logger_is_one_entry_of_the_declaration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = """
        [new_log]
        first_column = ["Log", "Car"]
        header = "after_preamble"
        has_units = true
        delimiters = [";"]
        is_quoted = false
    """
    (tmp_path / "loggers.toml").write_text(declared)
    monkeypatch.setattr("ingestion.formats.identify.formats", lambda: text_loggers(tmp_path / "loggers.toml"))
    file = tmp_path / "log.txt"
    file.write_text('Log;1\nCar;9" wing\n\n\nTime;Speed\ns;mph\n\n1;2\n')
    identity = identify(read_content(file))
    assert (identity.source_format, identity.delimiter, identity.is_quoted) == ("new_log", ";", False)
    assert identity.layout == (5, 6, 8)


LOGGER = '# loggers\n\n[one]\nfirst_row = ["One"]\nheader = "first_row"\n\n[new_log]\n'
REFUSED = '# refused\n[[format]]\ntitle = "One"\nkeys = ["one"]\n\n[[format]]\n'


@pytest.mark.parametrize(
    ("read", "declared", "told"),
    [
        (text_loggers, LOGGER + 'first_rows = ["Log"]\nheader = "first_row"', "line 8: .new_log.*first_rows"),
        (text_loggers, LOGGER + 'header = "first_row"', "line 7: .new_log.*header_names"),
        (text_loggers, LOGGER + 'first_row = []\nheader = "first_row"', "line 7: .new_log.*header_names"),
        (text_loggers, LOGGER + 'first_row = ["Log"]\nheader = "second_row"', "line 9: .new_log.*after_preamble"),
        (text_loggers, LOGGER + 'first_row = ["Log"]\nheader = ["first_row"]', "line 9: .new_log.*a text in"),
        (text_loggers, LOGGER + 'first_row = "Log"\nheader = "first_row"', "line 8: .new_log.*a list of texts"),
        (text_loggers, LOGGER + 'first_row = [7]\nheader = "first_row"', "line 8: .new_log.*a list of texts"),
        (text_loggers, LOGGER + 'first_row = ["L"]\nheader = "first_row"\nhas_units = 1', "line 10: .*true or false"),
        (text_loggers, LOGGER + 'first_row = ["L"]\nheader = "first_row"\ndelimiters = ["|"]', "line 10: .*semicolon"),
        (text_loggers, 'new_log = "Log"', "line 1: .new_log. is no entry"),
        (text_loggers, LOGGER + "first_row = [Log]", "not TOML.*line 8.*first lines"),
        (text_loggers, LOGGER + "[one]", "not TOML.*one.*line 8"),
        (not_read_yet, REFUSED + 'title = "Two"\nkey = ["two"]', "line 8: .format.*contains"),
        (not_read_yet, REFUSED + 'title = "Two"\nlacks = ["two"]', "line 6: .format.*contains"),
        (not_read_yet, REFUSED + 'keys = ["two"]', "line 6: .format. needs a title"),
        (not_read_yet, REFUSED + 'title = "Two"\nkeys = "two"', "line 8: .format.*a list of texts"),
        (not_read_yet, REFUSED + 'title = "Two"\nfirst_bytes = ["0x7f"]', "line 6: .format.*hexadecimal"),
        (not_read_yet, 'format = "Two"', "line 1: .format. is no entry"),
    ],
)
def test_a_wrong_declaration_says_where_it_is_and_what_to_change(
    tmp_path: Path, read: Callable[[Path], object], declared: str, told: str
) -> None:
    file = tmp_path / "declared.toml"
    file.write_text(declared)
    with pytest.raises(DeclarationError, match=f"{file}.*{told}"):
        read(file)


def test_a_declaration_that_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "declared.toml"
    with pytest.raises(DeclarationError, match=f"{file} cannot be read"):
        text_loggers(file)
    file.write_bytes('[new_log]  # für "Log"'.encode("cp1252"))
    with pytest.raises(DeclarationError, match=f"{file} is not UTF-8.*Save it as"):
        text_loggers(file)
    file.write_bytes(f"{LOGGER}first_row = ['Log']\nheader = 'first_row'".encode("utf-8-sig"))
    assert [logger.name for logger in text_loggers(file)] == ["one", "new_log"]


def test_all_that_is_before_the_data_is_in_the_first_block(tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    names = ",".join(f'"Channel {number:08}"' for number in range(12_000))
    file.write_text(MOTEC.replace('"Time","Ground Speed"', names) + '"1","2"\n' * 5_000)
    content = read_content(file)
    layout = identify(content).layout
    block = next(iter(read_blocks(content)))
    assert layout and layout.first_data_line
    assert int(str(block["line_count"])) >= layout.first_data_line - 1


@pytest.mark.parametrize(
    ("document", "source_format"),
    [
        (SUBSESSION, "iracing_results_json"),
        ({"type": "event_result", "data": SUBSESSION}, "iracing_results_json"),
        ({"headers": {}, "content": SUBSESSION}, "iracing_results_json"),
        ({"session_results": [], "data": SUBSESSION}, "iracing_results_json"),
        ({"data": {"subsession_id": 2}, **SUBSESSION}, "iracing_results_json"),
        (ACC_RESULTS, "acc_results_json"),
        ({**ACC_RESULTS, "sessionResult": None, "snapShot": {"leaderBoardLines": [{}]}}, "acc_results_json"),
        ({"sessionDef": {}, "snapShot": {"leaderBoardLines": [{}]}, "laps": []}, "acc_results_json"),
        ({"Server": "Leaf", "Experience": "RaceRoom", "Sessions": [{"Players": [{}]}]}, "raceroom_results_json"),
        ({"TrackName": "oak", "Cars": [], "Result": [{"CarId": 0}], "Laps": None}, "assetto_corsa_server_json"),
        (RACE_OUT, "assetto_corsa_race_out_json"),
        (RACE_OUT | {"__raceIni": "[RACE]"}, "assetto_corsa_content_manager_json"),
        ({"stats": {"history": [SMS_EVENT]}}, "ams2_stats_json"),
        ({"meta": {"plugin_version": "1"}, "sessions": [None, {"results": [{}]}]}, "ams2_stats_addon_json"),
        ({"entries": [{"drivers": [{}]}], "forceEntryList": 1}, "acc_entry_list_json"),
        ({"stats": {"history": [None, SMS_EVENT | {"setup": {"PracticeDateYear": 1}}]}}, "project_cars2_stats_json"),
        ({"stats": {"history": [SMS_EVENT | {"setup": {"Practice2Length": 0}}]}}, "project_cars_stats_json"),
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
        ('{"Server": "Leaf", "Experience": "RaceRoom", "Sessions": [{"Players": []}]}', Reason.NO_DATA),
        ('{"TrackName": "oak", "Cars": [], "Result": null, "Laps": []}', Reason.NO_DATA),
        ('{"track": "oak", "number_of_sessions": 1, "players": [{"name": "Ada"}], "sessions": []}', Reason.NO_DATA),
        ('{"stats": {"history": {}}}', Reason.NO_DATA),
        ('[{"title": "1", "lap_ticks": 9, "lap_finish_time": 99, "data_speed": []}]', Reason.NO_DATA),
        ('<?xml version="1.0"?><!-- x --><gpx version="1.1"><wpt lat="1" lon="2"/></gpx>', Reason.NO_DATA),
        ('<gpx version="1.1"><trk><trkseg>', Reason.MALFORMED),
        ('{"entries": [], "configVersion": 1, "forceEntryList": 0}', Reason.NO_DATA),
        ('{"entries": {"a": 1}, "forceEntryList": 0}', Reason.NO_DATA),
        ('{"stats": {"history": [{"stages": {"race1": {"results": {}}}}, {"stages": {}}]}}', Reason.NO_DATA),
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
    monkeypatch.setattr("ingestion.formats.identify.MAX_DOCUMENT_BYTES", file.stat().st_size)
    assert identify(read_content(file)).source_format == "iracing_results_json"
    monkeypatch.setattr("ingestion.formats.identify.MAX_DOCUMENT_BYTES", file.stat().st_size - 1)
    monkeypatch.setattr("ingestion.formats.identify.read_text", None)
    with pytest.raises(RefusedError) as refused:
        identify(read_content(file))
    assert refused.value.reason is Reason.TOO_LARGE


NOT_READ: list[tuple[bytes, str]] = [
    (b"PK\3\4....", "archive in an archive"),
    (b"\x1f\x8b\x08\0", "archive in an archive"),
    (b"7z\xbc\xaf\x27\x1c\0\4", "7z"),
    (b"SQLite format 3\0", "SQLite"),
    (b"This file is created using RaceChrono v7", "RaceChrono CSV"),
    (b"Time (sec),Engine Speed (RPM)", "logger with units in its names"),
    (b"#group\n,result,table,_start,_stop,_time,_value", "CrewChief"),
    (b"lap_distance\tlap_time\tvalidBin\n0.0\t0.1\t1\n", "Sim Racing Telemetry"),
    (b"INDEX,TIME,LATITUDE,N/S,LONGITUDE,E/W,SPEED\n1,10:00,47.1,N,8.5,E,10.120 km/h\n", "Qstarz CSV"),
    (b"Lap,SPEED_Min,SPEED_Max,SPEED_Std Dev,x", "ACC channel report"),
    (b"// a comment\n[Header]\nGame=GTR2\nTimeString=2011/04/27\n[Slot000]\nDriver=Ada Vale", "results of GTR 2"),
    (b"[Header]\nGame=RACE 07\nTimeString=2011/04/27\n[Slot000]\nDriver=Ada Vale", "results of GTR 2"),
    (b"Server CFG Path :  cfg/server_cfg.ini\\rEntry List Path", "Assetto Corsa server log"),
    (b"'++++++\nPractice\n'++++++\nGame:", "simresults.net"),
    (b'\nexport const EVENT_1 = {"type": "event_result"}', "program's source"),
    (b'{"session_info": {}, "driver_statistics": []}', "statistics of an Assetto Corsa session"),
    (b'{"SessionRunTime": "2026", "Simulator": "AMS 2", "Drivers": []}', "SecondMonitor session"),
    (b'[{"gamePhase": 9, "lapDistance": 4.5}]', "Le Mans Ultimate session"),
    (b'{"m": {"1": "start_time"}, "d": []}', "list of iRacing races"),
    (b'{"races": [], "cust_id": 77}', "recent races of an iRacing driver"),
]


CHUNKS = {"chunk_info": {"chunk_file_names": ["a.json", "b.json"]}}
OF_LAPS = {"chunk_info": {"chunk_file_names": ["a.json"], "base_download_url": "https://laps.example/lapdata/1/0/7/"}}
LAP = {"group_id": -7, "lap_number": 0, "lap_time": -1}
PLACE = {"rank": 1, "cust_id": 77, "points": 4.5, "weeks_counted": 1}
FROM_API = [
    ({"session_info": {}, "best_lap_time": 1, **CHUNKS}, "iracing_lap_index_json", 2),
    ({"session_info": {}, **OF_LAPS}, "iracing_lap_index_json", 1),
    ({"session_info": {}, **CHUNKS}, "iracing_event_log_index_json", 2),
    ({"season_id": 1, **CHUNKS}, "iracing_standings_index_json", 2),
    ({"season_id": 1, "standings": {"driver_standings": [{}, {}], "team_standings": [{}]}},
     "iracing_league_standings_json", 3),
    ([LAP, "text", {**LAP, "lap_number": 1}], "iracing_laps_json", 2),
    ([{"cust_id": 77, "lap_number": 4, "lap_time": 9}], "iracing_laps_json", 1),
    ([{"event_seq": 1, "event_code": 2, "lap_number": 1, "cust_id": 77}], "iracing_event_log_json", 1),
    ([PLACE, None, PLACE], "iracing_standings_json", 2),
]  # fmt: skip


@pytest.mark.parametrize(("document", "source_format", "entries"), FROM_API)
def test_answers_of_the_api_of_iracing_are_told_apart(
    tmp_path: Path, document: object, source_format: str, entries: int
) -> None:
    file = tmp_path / "answer"
    file.write_text(json.dumps(document), encoding="utf-8-sig")
    identity = identify(read_content(file))
    assert (identity.source_format, identity.entry_count) == (source_format, entries)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"session_info": {}, "best_lap_time": 1, "chunk_info": {"chunk_file_names": []}}, Reason.NO_DATA),
        ({"session_info": {}, "chunk_info": {"chunk_file_names": None}}, Reason.NO_DATA),
        ({"season_id": 1, "standings": {"driver_standings": [], "team_standings": {}}}, Reason.NO_DATA),
        ({"session_info": {}, "chunk_info": []}, Reason.UNKNOWN_FORMAT),
        ([[LAP]], Reason.UNKNOWN_FORMAT),
        (["text", LAP], Reason.UNKNOWN_FORMAT),
        ([], Reason.UNKNOWN_FORMAT),
        ([{"lap_number": 1, "lap_time": 1}], Reason.UNKNOWN_FORMAT),
        ([SUBSESSION], Reason.UNKNOWN_FORMAT),
    ],
)
def test_an_answer_of_the_api_without_rows_is_refused(tmp_path: Path, document: object, reason: Reason) -> None:
    (tmp_path / "answer").write_text(json.dumps(document))
    assert refusal_of(tmp_path / "answer").reason is reason


def refusal_of(file: Path) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        refuse_binary(file.read_bytes()[:HEAD_BYTES])
        identify(read_content(file))
    return refused.value


def test_every_format_that_is_not_read_yet_is_tried() -> None:
    for known in not_read_yet():
        assert any(title in known.title for _, title in NOT_READ), known.title


@pytest.mark.parametrize(("data", "title"), NOT_READ)
def test_a_format_that_is_not_read_yet_is_refused_by_its_name(tmp_path: Path, data: bytes, title: str) -> None:
    file = tmp_path / "wrong name.csv"
    file.write_bytes(data)
    refusal = refusal_of(file)
    assert refusal.reason is Reason.KNOWN_NOT_SUPPORTED
    assert title in refusal.detail
    assert "Ada Vale" not in refusal.detail
    if not any(known.is_of_bytes(data) for known in not_read_yet()):
        file.write_bytes(data.decode("utf-8-sig").encode("utf-16"))
        assert refusal_of(file).detail == refusal.detail, "in any encoding"


@pytest.mark.parametrize("head", [b"\x47\0\x11\xd8\x02\xd8", b"G\0\xff\xff" * 40, b"\0G\0\0\xd8\0" * 40])
def test_binary_is_not_taken_for_utf_16(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "log").write_bytes(head * 9 + b"\x81\x8d")
    refusal = refusal_of(tmp_path / "log")
    assert refusal.reason in (Reason.UNDECODABLE, Reason.NUL_CHARACTERS)
    assert "utf-16" not in refusal.detail


def test_what_the_file_says_is_not_told_where_drivers_have_pseudonyms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("Ada Vale,1:31.2\n", '{"Ada Vale": 91.2}'):
        (tmp_path / "times.txt").write_text(text)
        monkeypatch.delenv(PSEUDONYM_VARIABLE, raising=False)
        assert "Ada Vale" in refusal_of(tmp_path / "times.txt").detail
        monkeypatch.setenv(PSEUDONYM_VARIABLE, "k" * SHORTEST_KEY)
        refusal = refusal_of(tmp_path / "times.txt")
        assert "Ada" not in refusal.detail
        assert "Ada" not in str(refusal)


def test_the_readme_has_what_a_refusal_points_to() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    named = [title for reason in Reason for title in re.findall("`([^`]+)` in the README", reason.sentence)]
    assert named
    for title in named:
        assert f"\n## {title}\n" in readme


def test_real_files_land_or_are_refused_by_name(real_files: Path) -> None:
    """What is of no known format is hardly ever what a sim or a logger wrote."""
    sources = list(expand([str(real_files)]))
    unknown = []
    for source in open_sources(sources):
        try:
            with source.local.open("rb") as stream:
                refuse_binary(stream.read(HEAD_BYTES))
            identify(read_content(source.local))
        except RefusedError as refusal:
            if refusal.reason is Reason.UNKNOWN_FORMAT:
                unknown.append(source.file_path)
    assert len(unknown) < len(sources) / 50, unknown


IRACING_ENTRIES = [{"cust_id": 1}, {"team_id": -7, "driver_results": [{"cust_id": 2}, {"cust_id": 3}]}, None]
ACC_LINES = [{"car": {"drivers": [{}, {}]}}, {"car": {"drivers": [{}]}}, {"car": {"drivers": []}}, {"car": 5}, 5]


@pytest.mark.parametrize(
    ("document", "entry_count"),
    [
        (SUBSESSION, 0),
        ({"subsession_id": 1, "session_results": [{"results": IRACING_ENTRIES}, {"results": [{}]}, 7]}, 6),
        (ACC_RESULTS | {"sessionResult": {"leaderBoardLines": ACC_LINES}}, 6),
    ],
)
def test_entries_of_a_document_are_counted(tmp_path: Path, document: dict[str, object], entry_count: int) -> None:
    """A team and each of its drivers, each driver of a shared car, and a car that lists nobody."""
    path = tmp_path / "race.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert identify(read_content(path)).entry_count == entry_count


REPAIRED = {"subsession_id": 1, "session_results": [{"name": "Ada\tVäle"}]}


@pytest.mark.parametrize(
    ("head", "name", "tail", "encoding", "repairs"),
    [
        ("", "Ada\\tVäle", "", "utf-8", {}),
        ("\n", "Ada\\tVäle", " \n", "utf-16", {}),
        ("", "Ada\\tVäle", "", "cp1252", {"latin_1_characters": 1}),
        ('// a \\ "\n\r\n  // {b}\n', "Ada\\tVäle", "\r\n// c // d\n\n//", "utf-8", {"comment_lines": 4}),
        ("//\n", "Ada\tVäle", "", "cp1252", {"comment_lines": 1, "control_characters": 1, "latin_1_characters": 1}),
    ],
)
def test_what_is_no_json_is_put_right_for_the_tree_and_counted(
    tmp_path: Path, head: str, name: str, tail: str, encoding: str, repairs: dict[str, int]
) -> None:
    path = tmp_path / "race.json"
    text = json.dumps(REPAIRED, ensure_ascii=False, indent=1).replace("Ada\\tVäle", name)
    path.write_bytes(f"{head}{text}{tail}".encode(encoding))
    identity = identify(read_content(path))
    assert identity.repairs == repairs
    has_tree = bool(repairs.keys() - {"latin_1_characters"})
    assert [(tree.name, tree.content) for tree in identity.documents] == [("tree", REPAIRED)] * has_tree


def test_a_line_that_begins_like_a_comment_is_kept_inside(tmp_path: Path) -> None:
    path = tmp_path / "race.json"
    path.write_text('{"subsession_id": 1, "session_results":\n[{"name": "\n// Ada\n"}]\n}')
    identity = identify(read_content(path))
    assert identity.repairs == {"control_characters": 2}
    assert identity.documents[0].content == {"subsession_id": 1, "session_results": [{"name": "\n// Ada\n"}]}


@pytest.mark.parametrize(
    ("declared", "repairs"),
    [("", {"latin_1_characters": 2}), ("UTF-8", {"latin_1_characters": 2}), ("iso-8859-1", {}), ("windows-1252", {})],
)
def test_latin_1_is_put_right_where_a_document_says_utf_8(
    tmp_path: Path, declared: str, repairs: dict[str, int]
) -> None:
    head = f"<?xml version='1.0' encoding='{declared}'?>\n" if declared else ""
    path = tmp_path / "race.xml"
    driver = "<RaceResults><Race><Driver><Name>Väle é</Name></Driver></Race></RaceResults>"
    path.write_bytes(f"{head}<rFactorXML>{driver}</rFactorXML>".encode("latin-1"))
    assert identify(read_content(path)).repairs == repairs
