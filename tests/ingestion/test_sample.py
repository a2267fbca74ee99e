"""The sample files are the same for a seed, tell one consistent story, and keep every quirk of their formats."""

import csv
import gzip
import hashlib
import io
import json
import zipfile
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simrace.generator import write_sample_files, write_wide_log
from simrace.generator.catalogue import LAYOUTS
from simrace.generator.ratings import expected_scores, rating_changes
from simrace.generator.track import Layout

SESSIONS = 8  # shows every format and variant
NO_LAP = 2_147_483_647


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample")
    write_sample_files(directory, SESSIONS)
    return directory


@pytest.fixture(scope="module")
def truth(folder: Path) -> dict[str, Any]:
    return json.loads((folder / ".truth.json").read_text("utf-8"))


def hashes(directory: Path) -> dict[str, tuple[str, float]]:
    return {
        str(path.relative_to(directory)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime)
        for path in directory.rglob("*")
        if path.is_file() and path.suffix != ".duckdb"  # of which the tables are compared, in test_sample_lmu.py
    }


def driven(truth: dict[str, Any], variant: str) -> list[dict[str, Any]]:
    return [file for file in truth["telemetry"] if file["variant"] == variant]


def cells(path: Path, encoding: str = "utf-8") -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline="")))


def table(rows: list[list[str]], header: int, first: int) -> dict[str, list[str]]:
    return dict(zip(rows[header], map(list, zip(*rows[first:], strict=True)), strict=True))


def race_files(folder: Path) -> dict[str, bytes]:
    """Result files by name, those in the archive too."""
    files = {path.name: path.read_bytes() for path in (folder / "results").iterdir()}
    with zipfile.ZipFile(folder / "archive" / "season.zip") as archive:
        return files | {Path(name).name: archive.read(name) for name in archive.namelist()}


def documents(folder: Path) -> list[dict[str, Any]]:
    """Documents of iRacing out of their envelopes, each race once."""
    found = {}
    for name, content in race_files(folder).items():
        if name.endswith(".json") and b'"subsession_id"' in content:
            document = json.loads(content.decode("utf-8-sig"))
            document = document.get("data", document.get("content", document))
            if "session_results" in document:
                found[document["subsession_id"]] = document
    return sorted(found.values(), key=lambda document: document["start_time"])


def race_rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    return next(s["results"] for s in document["session_results"] if s["simsession_number"] == 0)


def test_same_seed_same_bytes_other_seed_others(folder: Path, tmp_path: Path) -> None:
    seen: list[Path] = []
    written = write_sample_files(tmp_path / "again", SESSIONS, on_progress=seen.append)
    assert hashes(tmp_path / "again") == hashes(folder)
    assert all(path.exists() for path in written)
    assert set(written) <= set(seen)
    write_sample_files(tmp_path / "other", 1, seed=2)
    first, other = hashes(folder), hashes(tmp_path / "other")
    common = [name for name in other if name in first and not name.startswith("refused")]
    assert common
    assert all(first[name][0] != other[name][0] for name in common)


def test_places_in_class_are_counted_in_each_session(folder: Path) -> None:
    """Practice and qualifying of several classes too: the first of each class is the first of it."""
    several = 0
    for document in documents(folder):
        for session in document["session_results"]:
            rows = sorted(session["results"], key=lambda row: row["finish_position"])
            counts: dict[int, int] = defaultdict(int)
            for row in rows:
                assert row["finish_position_in_class"] == counts[row["car_class_id"]]
                counts[row["car_class_id"]] += 1
            several += len(counts) > 1 and session["simsession_number"] < 0
    assert several


def test_laps_led_are_those_of_the_chart(folder: Path) -> None:
    by_race = {document["subsession_id"]: race_rows(document) for document in documents(folder)}
    index = json.loads((folder / "iracing_api" / "lap_chart.json").read_text("utf-8"))
    names = index["chunk_info"]["chunk_file_names"]
    chart = [row for name in names
             for row in json.loads((folder / "iracing_api" / name.partition("?")[0]).read_text("utf-8"))]  # fmt: skip
    ahead = [row["group_id"] for row in chart if row["lap_number"] and row["lap_position"] == 1]
    rows = by_race[index["session_info"]["subsession_id"]]
    assert {row["cust_id"]: row["laps_lead"] for row in rows} == {
        row["cust_id"]: ahead.count(row["cust_id"]) for row in rows
    }
    assert sum(row["laps_lead"] for row in rows) == max(row["laps_complete"] for row in rows)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.slug)
def test_track_closes(layout: Layout) -> None:
    step = np.hypot(*np.diff(layout.grid_xy))
    assert step.sum() == pytest.approx(layout.length_m, abs=0.1)
    assert np.abs(layout.grid_xy[:, -1] - layout.grid_xy[:, 0]).max() < 1e-6
    turned = layout.grid_heading[-1] - layout.grid_heading[0]
    assert abs(turned) == pytest.approx(2 * np.pi, abs=1e-9)
    # The path made of the heading closes by itself, without what spreading the rest over the lap adds.
    heading = (layout.grid_heading[1:] + layout.grid_heading[:-1]) / 2
    gap = [np.sum(f(heading) * np.diff(layout.grid_m)) for f in (np.cos, np.sin)]
    assert np.hypot(*gap) < 0.1
    assert layout.straights_m.min() > 30
    assert 8 <= len(layout.corners) <= 16
    sides = [corner.direction for corner in layout.corners]
    assert any(one == other for one, other in pairwise(sides))


def test_motec_log_with_time(folder: Path, truth: dict[str, Any]) -> None:
    whole, alone = driven(truth, "adl")
    path = folder / "telemetry" / whole["file"]
    content = path.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    rows = cells(path)
    assert [row[0] for row in rows[:12]] == [
        "Format", "Venue", "Vehicle", "Driver", "Device", "Comment", "Log Date", "Log Time", "Sample Rate", "Duration",
        "Range", "Beacon Markers",
    ]  # fmt: skip
    assert rows[4] == ["Device", "ADL"]
    assert rows[8][4:6] == ["End Time", f"{float(rows[9][1]):.3f}"]
    assert rows[11][1].endswith(" ")
    beacons = [float(at) for at in rows[11][1].split()]
    flying = [lap for lap in whole["laps"] if lap["class"] == "flying"]
    assert len(beacons) == len(flying) + 1 == len(whole["laps"]) - 1
    assert np.diff(beacons) == pytest.approx([lap["lap_time_s"] for lap in flying], abs=0.0011)
    assert rows[12] == rows[13] == rows[16] == rows[17] == []
    data = table(rows, 14, 18)
    time, lateral = np.array(data["Time"], float), np.array(data["G Force Lat"], float)
    assert np.unique(np.round(np.diff(time), 3)).tolist() == [0.016, 0.017]
    assert all("." not in text for text in data["Distance"])
    assert (np.abs(lateral[:12]) > 10).any()
    assert np.abs(lateral[30:]).max() < 3
    assert max(map(float, data["Brake Press"])) > 80
    # Distance driven between two beacons is the layout, within what one sample and rounding to metres lose.
    at_line = np.interp(beacons, time, np.array(data["Distance"], float))
    assert np.diff(at_line) == pytest.approx(whole["layout_length_m"], abs=2.5)

    lap = alone["laps"][0]
    rows = cells(folder / "telemetry" / alone["file"])
    assert rows[10][1] == "Lap 3"
    assert (rows[6][:2], rows[7][:2]) == (cells(path)[6][:2], cells(path)[7][:2])
    assert rows[11][1].strip() == ""
    assert float(rows[7][5]) == pytest.approx(lap["start_s"], abs=0.001)
    data = table(rows, 14, 18)
    assert data["Time"][0] == "0.000"
    assert float(data["Time"][-1]) == pytest.approx(lap["lap_time_s"], abs=1 / 60)


def test_motec_log_without_time_and_its_copy(folder: Path, truth: dict[str, Any]) -> None:
    original, copy = (folder / "telemetry" / file["file"] for file in driven(truth, "m1"))
    assert b"\r" not in original.read_bytes()
    rows, saved = cells(original), cells(copy, "cp1252")
    with pytest.raises(UnicodeDecodeError):
        copy.read_bytes().decode("utf-8")
    assert b'"' not in copy.read_bytes()
    assert {len(row) for row in saved} == {len(saved[14])}
    assert saved[18:] == rows[18:]
    assert rows[14][0] == "Distance"
    assert "Time" not in rows[14]
    assert rows[3][1] == saved[3][1] == "José Güntherode"
    assert (rows[6][1], rows[7][1]) == ("5/23/2025", "7:08:21 PM")
    data, units = table(rows, 14, 18), dict(zip(rows[14], rows[15], strict=True))
    assert (units["Vehicle Speed"], units["GPS_Speed"]) == ("mph", "km/h")
    mph, kph = np.array(data["Vehicle Speed"], float), np.array(data["GPS_Speed"], float)
    assert mph * 1.609344 == pytest.approx(kph, abs=0.1)
    assert set(data["Throttle Limit"]) == {""}
    assert min(map(int, data["Gear"])) == -2
    assert len(rows) - 18 == pytest.approx(float(rows[9][1]) * 50, abs=10)


def test_acc_channels(folder: Path, truth: dict[str, Any]) -> None:
    for variant, jumps in (("acc", 0), ("acc_clock_jump", 2)):
        (file,) = driven(truth, variant)
        rows = cells(folder / "telemetry" / file["file"])
        assert {"abs ROTY ", "Oversteer", "oversteer", "Corr Speed", "SPEED", "STEERANGLE"} <= set(rows[0])
        data = table(rows, 0, 1)
        time = np.array(data["Time"], float)
        assert any(len(text) > 15 for text in data["Time"])
        assert (np.abs(np.diff(time)) > 10).sum() == jumps
        assert any(float(gear) % 1 for gear in data["GEAR"])
        for lap in file["laps"]:
            here = [at for at, name in enumerate(data["Lap"]) if name == f"Lap {lap['lap_number']}"]
            clock = float(data["Calc Lap Time"][here[-1]])
            assert len(here) == int(file["layout_length_m"])
            assert 0 < lap["lap_time_s"] - clock < 0.05


def test_mu(folder: Path, truth: dict[str, Any]) -> None:
    (file,) = driven(truth, "mu")
    rows = cells(folder / "telemetry" / file["file"])
    assert [row[0] if row else "" for row in rows[:9]] == [
        "Driver", "Vehicle", "Venue", "Session", "Session Date", "Session Time", "Sample Rate", "Session Duration", "",
    ]  # fmt: skip
    assert rows[4][1] == "18/03/2025"
    assert len(rows[9]) >= 60
    units = dict(zip(rows[9], rows[10], strict=True))
    assert (units["Brake"], units["LatAccel"], units["AirPressure"]) == ("%", "G", "mmHg")
    data = {name: np.array(values, float) for name, values in table(rows, 9, 12).items()}
    assert 29 < data["AirPressure"][0] < 30
    assert data["Brake"].max() > 50
    assert data["Clutch"].max() == 100
    assert data["LapDist"].min() == -1e-7
    line = np.flatnonzero(np.diff(data["Lap"])) + 1
    assert len(line) == len(file["laps"]) - 1
    for at, lap in zip(line, file["laps"][1:], strict=True):
        assert data["Lap"][at] == lap["lap_number"]
        assert 0 <= data["SessionTime"][at] - lap["start_s"] < 1 / 60 + 1e-6
        # Wrap samples: the new lap has begun, the old clock still runs.
        assert (data["LapCurrentLapTime"][at : at + 3] > 30).all()
        assert data["LapCurrentLapTime"][at + 3] < 0.1
    for lap in file["laps"]:
        if lap["class"] != "flying":
            continue
        inside = data["Lap"] == lap["lap_number"]
        for corner, slowest in zip(file["corners"], lap["corner_min_speed_kph"], strict=True):
            near = inside & (np.abs(data["LapDist"] - corner["apex_m"]) < 15)
            assert data["Speed"][near].min() * 3.6 >= slowest - 0.01
            at_apex = np.argmin(np.abs(data["LapDist"] - corner["apex_m"]) + 1e9 * ~inside)
            left = corner["direction"] == "left"
            assert all((data[name][at_apex] > 0) == left for name in ("YawRate", "LatAccel", "SteeringWheelAngle"))
    gaining = np.corrcoef(np.gradient(data["Speed"]), data["LongAccel"])[0, 1]
    assert gaining > 0.95
    assert data["OnPitRoad"][0] == data["OnPitRoad"][-1] == 1
    assert 0 < data["OnPitRoad"].mean() < 0.5


def test_mu_edited_by_hand(folder: Path, truth: dict[str, Any]) -> None:
    (file,) = driven(truth, "mu_edited")
    path = folder / "telemetry" / file["file"]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf,Driver,")
    rows = cells(path, "utf-8-sig")
    assert {row[0] for row in rows} == {""}
    assert [row[7] for row in rows[:2]] == ["SPEED", "THROTTLE"]
    names = rows[8]
    assert "Lap No." in names
    assert {"Lap", "SessionTime"}.isdisjoint(names)
    assert "Session Duration" not in {row[1] for row in rows[:8]}
    ticks = [int(row[names.index("SessionTick")]) for row in rows[11:]]
    assert set(np.diff(ticks)) == {1}


def test_garage61(folder: Path, truth: dict[str, Any]) -> None:
    lap, excerpt = driven(truth, "garage61")
    rows = cells(folder / "telemetry" / lap["file"])
    assert len(rows[0]) == 18
    assert (len(rows) - 1) / 60 == pytest.approx(lap["laps"][0]["lap_time_s"], abs=1 / 60)
    data = table(rows, 0, 1)
    assert float(data["LapDistPct"][0]) < 0.01
    assert float(data["LapDistPct"][-1]) > 0.99
    assert sum(map(float, data["Speed"])) / 60 == pytest.approx(lap["layout_length_m"], abs=2)
    assert "0" in data["Gear"]
    assert "-1e-09" in data["Brake"]
    assert set(data["Clutch"]) == {"1"}
    assert {"true", "false"} >= set(data["ABSActive"])
    *_, clock, name = lap["file"].removesuffix(".csv").split(" - ")
    minutes, seconds, milliseconds = clock.split(".")
    said = int(minutes) * 60 + int(seconds) + int(milliseconds) / 1000
    assert said == pytest.approx(lap["laps"][0]["lap_time_s"], abs=0.0006)
    assert len(name) == 26
    assert len(cells(folder / "telemetry" / excerpt["file"])) == 21
    (old,) = driven(truth, "garage61_old")
    assert "YawRate" not in cells(folder / "telemetry" / old["file"])[0]


def test_ratings_chain_and_sum_to_nothing(folder: Path) -> None:
    last: dict[tuple[int, int], int] = {}
    moved, categories, absent = 0, set(), 0
    for document in documents(folder):
        category = document["license_category_id"]
        changes = defaultdict(list)
        for row in race_rows(document):
            for person in row.get("driver_results", [row]):
                key = (category, person["cust_id"])
                assert last.get(key, person["oldi_rating"]) == person["oldi_rating"]
                last[key] = person["newi_rating"]
                changes[row["car_class_id"]].append(person["newi_rating"] - person["oldi_rating"])
                absent += person["starting_position"] < 0
        for of_class in changes.values():
            if document["official_session"]:
                moved += 1
                categories.add(category)
                assert any(of_class)
                assert abs(sum(of_class)) <= 1 + len(of_class) / 2  # the estimate's own rest and rounding
            else:
                assert not any(of_class)
    assert moved >= 5
    assert categories == {5, 6}
    assert absent >= 1


def test_truth_tells_the_same_chain_for_csv_races(folder: Path) -> None:
    truth = json.loads((folder / ".truth.json").read_text("utf-8"))
    last: dict[tuple[int, int], int] = {}
    for race in truth["races"]:
        for result in race.get("results", []):
            if result["rating_before"] is not None:
                key = (race["category"], result["entrant_id"])
                assert last.get(key, result["rating_before"]) == result["rating_before"]
                last[key] = result["rating_after"]
    assert {category for category, _ in last} == {2, 5, 6}


def test_expected_scores_share_out_the_field() -> None:
    ratings = np.array([1500.0, 1500.0, 3200.0])
    scores = expected_scores(ratings)
    assert scores.sum() == pytest.approx(3)  # three duels
    assert scores[2] > scores[0] == pytest.approx(scores[1])
    started = np.array([True, True, False])
    changes = rating_changes(ratings, np.array([1.0, 2.0, 3.0]), started)
    assert changes[0] > changes[1]
    assert changes[2] == pytest.approx(-changes[:2].sum(), abs=1.5)


def test_results_json_sentinels_and_sessions(folder: Path) -> None:
    heats = teams = computers = 0
    envelopes = {content.split(b'"', 2)[1] for name, content in race_files(folder).items() if name[-5:] == ".json"
                 and b'"subsession_id"' in content}  # fmt: skip
    assert {b"subsession_id", b"type", b"headers"} <= envelopes
    for document in documents(folder):
        sessions = {s["simsession_number"]: s for s in document["session_results"]}
        assert sessions[0]["simsession_type"] == 6
        assert {3, 4} <= {s["simsession_type"] for s in sessions.values()}
        rows = race_rows(document)
        assert [row["finish_position"] for row in rows] == list(range(len(rows)))
        gaps = [row["interval"] for row in rows if row["interval"] >= 0]
        assert gaps[0] == 0
        assert gaps == sorted(gaps)
        heats += sessions.get(-2, {}).get("simsession_name") == "HEAT 1"
        computers += sum(row["ai"] for row in rows)
        for row in rows:
            if "team_id" in row:
                teams += 1
                assert row["team_id"] < 0
                assert "cust_id" not in row
                for name in ("incidents", "laps_complete"):
                    assert row[name] == sum(person[name] for person in row["driver_results"])
    assert heats == 1
    assert teams > 5
    assert computers > 0


def test_results_csv(folder: Path, truth: dict[str, Any]) -> None:
    files = race_files(folder)
    told = {race["variant"]: [files[name] for name in race["files"]] for race in truth["races"]}
    (league,) = told["league_csv"]
    head, body = league.split(b'"Fin Pos"')
    assert body.count(b"\n") == body.count(b"\r\n")
    assert 0 < head.count(b"\r\n") < head.count(b"\n")
    assert "Västerhav" in league.decode("cp1252")
    with pytest.raises(UnicodeDecodeError):
        league.decode("utf-8")
    assert told["bare_csv"][0].startswith(b'\n"Fin Pos"')
    widths = {variant: len(next(csv.reader(line for line in told[variant][0].decode("cp1252").split("\n")
                                           if line.startswith('"Fin Pos"'))))
              for variant in ("official_2019", "pair", "league_csv", "hosted_csv")}  # fmt: skip
    assert widths == {"official_2019": 35, "pair": 36, "league_csv": 23, "hosted_csv": 26}
    team = list(csv.DictReader(told["team_csv"][0].decode().splitlines()[3:]))
    entries = [row for row in team if int(row["Cust ID"]) < 0]
    people = [row for row in team if int(row["Cust ID"]) > 0]
    assert len(people) == 2 * len(entries)
    assert {row["Interval"] for row in people} == {"-"}
    for entry in entries:
        own = [row for row in people if row["Team ID"] == entry["Cust ID"]]
        assert sum(int(row["Inc"]) for row in own) == int(entry["Inc"])
        assert {row["Fin Pos"] for row in own} == {entry["Fin Pos"]}


def test_race_told_twice_has_equal_figures(folder: Path, truth: dict[str, Any]) -> None:
    files = race_files(folder)
    (names,) = (race["files"] for race in truth["races"] if race["variant"] == "pair")
    table_text, document = (files[name] for name in sorted(names, key=lambda name: name.endswith(".json")))
    rows = list(csv.DictReader(table_text.decode().splitlines()[3:]))
    for row, other in zip(rows, race_rows(json.loads(document)), strict=True):
        minutes, _, seconds = row["Average Lap Time"].rpartition(":")
        assert round((int(minutes or 0) * 60 + float(seconds)) * 10_000) == other["average_lap"]
        assert int(row["Fin Pos"]) == other["finish_position"] + 1
        assert int(row["Cust ID"]) == other["cust_id"]
        assert int(row["New iRating"]) == other["newi_rating"]
        assert int(row["New License Sub-Level"]) == other["new_sub_level"]
    (twice,) = (race["files"] for race in truth["races"] if race["variant"] == "copy")
    assert len({files[name] for name in twice}) == 1 < len(twice)


def test_acc_results(folder: Path, truth: dict[str, Any]) -> None:
    (evening,) = [race for race in truth["races"] if race["race_id"].startswith("acc:")][:1]
    contents = {name.split("_", 2)[2]: (folder / "results" / name).read_bytes() for name in evening["files"]}
    raw = {}
    for kind in ("FP", "Q", "R"):
        content = contents[f"{kind}.json"]
        assert content.startswith(b"{\0")
        raw[kind] = json.loads(content.decode("utf-16-le"))
        assert "Date" not in raw[kind]
        assert raw[kind]["sessionType"] == kind
    race, lines = raw["R"], raw["R"]["sessionResult"]["leaderBoardLines"]
    entries = json.loads(contents["entrylist.json"].decode("utf-16-le"))["entries"]
    assert len(entries) == len(lines) + 1, "one who does not come"
    assert {line["car"]["raceNumber"] for line in lines} < {entry["raceNumber"] for entry in entries}
    assert race["post_race_penalties"] is None
    assert [line["car"]["drivers"][0]["playerId"] for line in lines] == evening["finishing_order"]
    assert any("\n" in line["car"]["drivers"][0]["lastName"] for line in lines)
    known = {line["car"]["carId"] for line in lines}
    assert {lap["carId"] for lap in race["laps"]} - known
    totals = {car: sum(lap["laptime"] for lap in race["laps"] if lap["carId"] == car) for car in known}
    (added,) = (penalty for penalty in race["penalties"] if penalty["penalty"] == "PostRaceTime")
    totals[added["carId"]] += added["penaltyValue"] * 1000
    assert {penalty["carId"] for penalty in race["penalties"]} - known
    assert all(line["timing"]["totalTime"] == totals[line["car"]["carId"]] for line in lines)
    assert race["laps"][0]["laptime"] > 400_000
    qualifying = raw["Q"]["sessionResult"]["leaderBoardLines"]
    assert {line["car"]["drivers"][0]["playerId"] for line in qualifying} == {""}
    assert qualifying[-1]["timing"]["bestLap"] == NO_LAP
    managed = json.loads(contents["R_manager.json"])
    assert list(managed) == sorted(managed)
    assert {"Date", "SessionFile"} <= set(managed)


def test_archives_and_refused(folder: Path, truth: dict[str, Any]) -> None:
    first = truth["telemetry"][0]["file"]
    packed = gzip.decompress((folder / "archive" / f"{first}.gz").read_bytes())
    assert packed == (folder / "telemetry" / first).read_bytes()
    refused = {path.name: path.read_bytes() for path in (folder / "refused").iterdir()}
    assert refused["empty.csv"] == b""
    assert b"\0" in refused["nul_inside.csv"]
    assert b"\t" in refused["headerless.csv"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(refused["truncated.json"])
    assert b"_Std Dev" in refused["channel_report.csv"]


@pytest.mark.parametrize(("rows", "channels"), [(25_000, 45), (7, 3)])
def test_wide_log_has_the_size_asked_for(tmp_path: Path, rows: int, channels: int) -> None:
    read = cells(write_wide_log(tmp_path / "wide.csv", rows, channels))
    assert len(read) - 18 == rows
    assert {len(row) for row in read[18:]} == {channels}
    assert len(read[14]) == len(set(read[14])) == channels
    time = np.array([float(row[0]) for row in read[18:]])
    assert time == pytest.approx(np.arange(rows) / 60, abs=0.0006)
    metres = np.array([float(row[1]) for row in read[18:]])
    assert (np.diff(metres) >= 0).all()
    assert len(read[11][1].split()) == (2 if rows == 25_000 else 0)
