"""What programs save from iRacing's `/data` API beside results: laps, an event log, standings."""

import csv
import hashlib
import io
import json
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from simrace.generator.drivers import CATEGORY_NAMES, Racer
from simrace.generator.race import Race, Result
from simrace.generator.writing import set_modified

NONE = -1
CHUNK_ROWS = 150  # the API has 500, which no race of the sample fills
FIRST_LAP, LAST_LAP = 8_192, 16_384  # flags that no event names
BITS = {
    "invalid": 1,
    "pitted": 2,
    "off track": 4,
    "black flag": 8,
    "contact": 32,
    "car contact": 64,
    "lost control": 128,
}
INCIDENTS = ("off track", "contact", "car contact", "lost control")
GRID_GAP = 45_000
SIGNATURE = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260301T120000Z&X-Amz-Expires=3600&X-Amz-Signature=none"
CHARTED, UNINDEXED, ONE_CAR, LOST = "raw", "content", "formula", "event_result"
CHARTS = {CHARTED: 63, UNINDEXED: 64, ONE_CAR: 65}  # races whose laps are told, and what seeds them beside the season
BARE = "bare_csv"  # names no league
LEAGUE_ADJUSTMENT = 30
STANDINGS_HEADER = [
    "position", "name", "points", "dropped", "clubname", "countrycode", "irating", "avgfinish", "topfive", "starts",
    "lapslead", "wins", "incidents", "division", "weekscounted", "laps", "poles", "avgstart", "custid",
]  # fmt: skip


def write_iracing_api(directory: Path, races: list[Race], seed: int) -> list[Path]:
    """Write laps of some races in every way in which they are saved, an event log, and standings.

    The chart of one race has its index and its files; that of another is one list without an index, known by its laps;
    one driver's lap data is of a third; of a fourth there is an index alone.

    Args:
        directory: Folder to write to.
        races: The races of iRacing that the season told of.
        seed: Seeds what happened in the laps.

    Returns:
        Paths written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    first = {race.variant: race for race in reversed(races)}
    contents: dict[str, tuple[Any, datetime]] = {}

    def add(name: str, content: Any, race: Race) -> None:
        contents[name] = (content, race.ended_at)

    charted = first[CHARTED]
    rows = chart_of(charted, seed)
    parts = [rows[start : start + CHUNK_ROWS] for start in range(0, len(rows), CHUNK_ROWS)]
    names = [f"{_digest(charted, 'chart', number)}.json" for number in range(len(parts))]
    add("lap_chart.json", _index(charted, [name + SIGNATURE for name in names], len(rows), "chart"), charted)
    for name, part in zip(names, parts, strict=True):
        add(name, part, charted)
    add(f"{charted.subsession_id} events.json", _events(charted, rows), charted)
    event_names = [f"{_digest(charted, 'events', 0)}.json"]
    info = _index(charted, event_names, len(rows), "eventlog")
    info["chunk_info"]["base_download_url"] = f"https://events.example/eventlog/subsession/{charted.subsession_id}/0/"
    add("event_log.json", {key: value for key, value in info.items() if not key.startswith("best_")}, charted)

    unindexed = first[UNINDEXED]
    add("laps of sunday.json", chart_of(unindexed, seed), unindexed)

    one = first[ONE_CAR]
    driver = one.results[1].entry.entry_id
    laps = [_without_chart(row) for row in chart_of(one, seed) if row["group_id"] == driver]
    name = f"{_digest(one, str(driver), 0)}.json"
    add("lap_data.json", _index(one, [name], len(laps), str(driver)) | {"cust_id": driver, "group_id": driver}, one)
    add(name, laps, one)

    lost = first[LOST]
    add("lap_chart (1).json", _index(lost, [f"{_digest(lost, 'chart', 0)}.json"], 240, "chart"), lost)

    season = _standings(races)
    official = [race for race in races if race.official][-1]
    add("season_standings.csv", _standings_csv(season), official)
    add("standings.json", season, official)
    add("league_standings.json", _league_standings(races), official)

    written = []
    for name, (content, happened_at) in contents.items():
        path = directory / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode())
        set_modified(path, happened_at)
        written.append(path)
    return written


def led_as_charted(race: Race, seed: int) -> Race:
    """The race with those laps led that its laps tell.

    Args:
        race: Of a variant in `CHARTS`.
        seed: Of the season.
    """
    led = Counter(row["group_id"] for row in chart_of(race, seed) if row["lap_number"] and row["lap_position"] == 1)
    return replace(race, results=[replace(each, laps_led=led[each.entry.entry_id]) for each in race.results])


def chart_of(race: Race, seed: int) -> list[dict[str, Any]]:
    """The lap chart of a race.

    Args:
        race: Of a variant in `CHARTS`.
        seed: Of the season.
    """
    return chart(race, np.random.default_rng([seed, CHARTS[race.variant]]))


def chart(race: Race, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Rows of a lap chart: the start as lap 0, then each lap of all cars in their order at its end."""
    driven = [(result, *_laps(result, rng)) for result in race.results if result.laps]
    start = 700_000
    ends = [start + (result.grid or 0) * GRID_GAP // 100 + np.cumsum(times) for result, times, _ in driven]
    rows: list[dict[str, Any]] = []
    for row in sorted((_row(result, 0, start + (result.grid or 0) * 10, [], NONE) for result, *_ in driven),
                      key=lambda row: row["session_time"]):  # fmt: skip
        rows.append(row | {"lap_position": sum(one["lap_number"] == 0 for one in rows) + 1})
    most = max(result.laps for result, *_ in driven)
    leader_ends = [min(int(end[lap]) for end in ends if len(end) > lap) for lap in range(most)]
    for lap in range(most):
        there = sorted((int(end[lap]), at) for at, end in enumerate(ends) if len(end) > lap)
        for place, (ended, at) in enumerate(there, start=1):
            result, times, events = driven[at]
            done_by_leader = sum(leader <= ended for leader in leader_ends)
            is_lapped = done_by_leader > lap + 1
            interval = None if place == 1 else lap + 1 - done_by_leader if is_lapped else (there[0][0] - ended) // 10
            row = _row(result, lap + 1, ended, events[lap], NONE if "invalid" in events[lap] else int(times[lap]))
            rows.append(row | {
                "flags": row["flags"] | (FIRST_LAP if lap == 0 else 0) | (LAST_LAP if lap + 1 == result.laps else 0),
                "lap_position": place,
                "interval": interval,
                "interval_units": None if place == 1 else "lap" if is_lapped else "ms",
                "fastest_lap": False,
            })  # fmt: skip
    return rows


def _laps(result: Result, rng: np.random.Generator) -> tuple[list[int], list[list[str]]]:
    """Times of all laps, of which the best is that of the result, and what happened in each."""
    best, average, count = result.best_lap or 0, result.average_lap or 0, result.laps
    others = (average * count - best) / max(count - 1, 1)
    times = (others * (1 + rng.uniform(-0.003, 0.003, count))).astype(int)
    fastest = (result.best_lap_number or 1) - 1
    times[fastest] = best
    events: list[list[str]] = [[] for _ in range(count)]
    for lap in rng.integers(0, count, min(result.incidents, count)).tolist():
        if lap != fastest and not events[lap]:
            events[lap] = [INCIDENTS[int(rng.integers(len(INCIDENTS)))]]
            if rng.random() < 0.2:
                events[lap] = ["invalid", "off track", "black flag"]
    if count > 6 and fastest != count // 2:
        events[count // 2] = ["pitted"]
    return times.tolist(), events


def _row(result: Result, lap: int, ended: int, events: list[str], lap_time: int) -> dict[str, Any]:
    driver = result.entry.drivers[lap % len(result.entry.drivers)]
    return {
        "group_id": result.entry.entry_id,
        "name": result.entry.name,
        "cust_id": driver.cust_id,
        "display_name": driver.name,
        "lap_number": lap,
        "flags": sum(BITS[event] for event in events),
        "incident": bool(set(events) & set(INCIDENTS)),
        "session_time": ended,
        "session_start_time": None,
        "lap_time": lap_time,
        "team_fastest_lap": False,
        "personal_best_lap": False,
        "helmet": {"pattern": 12, "color1": "1f4e79", "color2": "ffffff", "color3": "000000"},
        "license_level": result.before.level,
        "car_number": result.entry.number,
        "lap_events": events,
        "lap_position": NONE,
        "interval": None,
        "interval_units": None,
        "ai": driver.is_ai,
    }


def _without_chart(row: dict[str, Any]) -> dict[str, Any]:
    """The row as lap data has it: without what other cars decide."""
    left_out = ("lap_position", "interval", "interval_units", "fastest_lap")
    return {key: value for key, value in row.items() if key not in left_out}


def _digest(race: Race, what: str, number: int) -> str:
    return hashlib.sha256(f"{race.subsession_id} {what} {number}".encode()).hexdigest()


def _index(race: Race, names: list[str], rows: int, what: str) -> dict[str, Any]:
    best = min((result for result in race.results if result.best_lap), key=lambda result: result.best_lap or 0)
    return {
        "success": True,
        "session_info": {
            "subsession_id": race.subsession_id,
            "session_id": race.session_id,
            "simsession_number": 0,
            "simsession_type": 6,
            "simsession_name": "RACE",
            "event_type": 5,
            "event_type_name": "Race",
            "private_session_id": NONE,
            "series_name": race.series,
            "start_time": f"{race.started_at:%Y-%m-%dT%H:%M:%SZ}",
            "track": {
                "track_id": race.layout.track_id,
                "track_name": race.layout.track,
                "config_name": race.layout.config,
            },
        },
        "best_lap_num": best.best_lap_number,
        "best_lap_time": best.best_lap,
        "best_nlaps_num": NONE,
        "best_nlaps_time": NONE,
        "chunk_info": {
            "chunk_size": CHUNK_ROWS,
            "num_chunks": len(names),
            "rows": rows,
            "base_download_url": f"https://laps.example/lapdata/subsession/{race.subsession_id}/0/{what}/",
            "chunk_file_names": names,
        },
        "last_updated": f"{race.ended_at + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
    }


def _events(race: Race, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    happened = [(row, event) for row in rows for event in row["lap_events"]]
    return [
        {
            "subsession_id": race.subsession_id,
            "simsession_number": 0,
            "session_time": row["session_time"],
            "event_seq": number,
            "event_code": BITS[event],
            "group_id": row["group_id"],
            "cust_id": row["cust_id"],
            "display_name": row["display_name"],
            "lap_number": row["lap_number"],
            "description": event.capitalize(),
            "message": "",
        }
        for number, (row, event) in enumerate(happened)
    ]


def _standings(races: list[Race]) -> list[dict[str, Any]]:
    """Rows of the standings of a season: drivers of the official races by their starts and wins."""
    results: dict[int, list[tuple[Race, Result]]] = {}
    for race in races:
        if race.official and race.category == races[0].category:
            for result in race.results:
                results.setdefault(result.entry.entry_id, []).append((race, result))
    rows: list[dict[str, Any]] = []
    for cust_id, raced in results.items():
        starts = [result for _, result in raced if result.grid]
        rows.append({
            "cust_id": cust_id,
            "display_name": raced[0][1].entry.name,
            "country_code": raced[0][1].entry.drivers[0].country_code,
            "weeks_counted": len({race.week for race, _ in raced}),
            "starts": len(starts),
            "wins": sum(result.position == 1 for result in starts),
            "top5": sum(result.position <= 5 for result in starts),
            "laps": sum(result.laps for result in starts),
            "laps_led": sum(result.laps_led for result in starts),
            "incidents": sum(result.incidents for result in starts),
            "points": round(sum(max(120 - 6 * result.class_position, 0) for result in starts) * 1.000_007, 6),
            "license_category": CATEGORY_NAMES[races[0].category],
        })  # fmt: skip
    rows.sort(key=lambda row: (-row["points"], row["cust_id"]))
    return [{"rank": place} | row for place, row in enumerate(rows, start=1)]


def _standings_csv(season: list[dict[str, Any]]) -> bytes:
    """The export of 2021: all cells quoted, whole points, Windows-1252."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(STANDINGS_HEADER)
    for row in season:
        writer.writerow([
            row["rank"], row["display_name"], int(row["points"]), 0, "Club", row["country_code"], 1_350, 5,
            row["top5"], row["starts"], row["laps_led"], row["wins"], row["incidents"], 1, row["weeks_counted"],
            row["laps"], 0, 6, row["cust_id"],
        ])  # fmt: skip
    return text.getvalue().encode("cp1252", "replace")


def _league_standings(races: list[Race]) -> dict[str, Any]:
    """What the races of a league gave in points; from the leader it took some."""
    points: dict[int, list[int]] = {}
    people: dict[int, Racer] = {}
    for race in races:
        for result in [*race.heat, *race.results] if race.league and race.variant != BARE else []:
            for driver in result.entry.drivers:
                if not driver.is_ai:
                    people[driver.cust_id] = driver
                    points.setdefault(driver.cust_id, []).append(max(120 - 6 * result.class_position, 0))
    totals = {cust_id: sum(gained) for cust_id, gained in points.items()}
    leader = min(totals, key=lambda cust_id: (-totals[cust_id], cust_id))
    adjusted = totals | {leader: totals[leader] - LEAGUE_ADJUSTMENT}
    order = sorted(totals, key=lambda cust_id: (-adjusted[cust_id], cust_id))
    drivers = [
        {
            "rownum": place,
            "position": place,
            "driver": {"cust_id": cust_id, "display_name": people[cust_id].name},
            "car_number": None,
            "driver_nickname": None,
            "wins": points[cust_id].count(114),
            "base_points": totals[cust_id],
            "total_adjustments": adjusted[cust_id] - totals[cust_id],
            "total_points": adjusted[cust_id],
        }
        for place, cust_id in enumerate(order, start=1)
    ]
    team = {"team_id": -70_400, "team_name": "Saltwind Racing"}
    listed = {
        "driver_standings": drivers,
        "team_standings": [{"rownum": 1, "position": 1, "team": team}],
        "driver_standings_csv_url": "",
        "team_standings_csv_url": "",
    }
    return {
        "success": True,
        "season_id": 122_001,
        "league_id": 7_700,
        "car_class_id": 0,
        "car_id": 0,
        "standings": listed,
    }
