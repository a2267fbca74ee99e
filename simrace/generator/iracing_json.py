"""iRacing results as JSON: the API's document and the two envelopes around it."""

import json
from typing import Any

from simrace.generator.drivers import CATEGORY_NAMES
from simrace.generator.race import Race, Result, places_in_class

NONE = -1  # what the sim writes for "no time", "no licence", "not applicable"
PRACTICE, LONE_QUALIFYING, RACE_SESSION = (3, "Open Practice"), (4, "Lone Qualifying"), (6, "Race")
RAINY_WEEK = 3  # every third
HEADERS = {"Cache-Control": "max-age=60", "Accept-Ranges": "bytes", "Content-Type": "application/json"}


def raw_text(race: Race) -> str:
    """The document as the API stores it, on one line."""
    return json.dumps(document(race), ensure_ascii=False, separators=(",", ":"))


def event_result_text(race: Race) -> str:
    """The document as the web pages offer it for download."""
    licences = [
        {"cust_id": driver.cust_id, "license_level": result.after.level, "safety_rating": result.after.safety / 100}
        for result in race.results
        for driver in result.entry.drivers
    ]
    wrapped = {"type": "event_result", "data": document(race) | {"driver_licenses": licences}}
    return json.dumps(wrapped, ensure_ascii=False, separators=(",", ":"))


def content_text(race: Race) -> str:
    """The document within a recorded HTTP answer; such dumps start with a byte order mark (encode as utf-8-sig)."""
    return json.dumps({"headers": HEADERS, "content": document(race)}, ensure_ascii=False, indent=2)


def document(race: Race) -> dict[str, Any]:
    """The result document: the race, the sessions before it and what is known of the event."""
    first = race.results[0]
    year, quarter = race.started_at.year, (race.started_at.month - 1) // 3 + 1
    classes = {result.entry.car.class_id: result.entry.car for result in race.results}
    strength = race.strength()
    known: dict[str, Any] = {
        "subsession_id": race.subsession_id,
        "associated_subsession_ids": [race.subsession_id],
        "can_protest": False,
        "car_classes": [
            {
                "car_class_id": class_id,
                "short_name": car.class_name,
                "name": car.class_name,
                "strength_of_field": race.strength(class_id),
                "num_entries": sum(result.entry.car.class_id == class_id for result in race.results),
                "cars_in_class": [
                    {"car_id": car_id}
                    for car_id in sorted(
                        {result.entry.car.car_id for result in race.results if result.entry.car.class_id == class_id}
                    )
                ],
            }
            for class_id, car in sorted(classes.items())
        ],
        "corners_per_lap": len(race.layout.turns),
        "damage_model": 0,
        "driver_changes": first.entry.is_team,
        "end_time": f"{race.ended_at:%Y-%m-%dT%H:%M:%SZ}",
        "event_average_lap": first.average_lap,
        "event_best_lap_time": min(result.best_lap for result in race.results if result.best_lap),
        "event_laps_complete": first.laps,
        "event_strength_of_field": strength,
        "event_type": 5,
        "event_type_name": "Race",
        "heat_info_id": 4_412 if race.heat else NONE,
        "license_category": CATEGORY_NAMES[race.category],
        "license_category_id": race.category,
        "max_team_drivers": 2 if first.entry.is_team else 1,
        "min_team_drivers": 1,
        "num_caution_laps": 0,
        "num_cautions": 0,
        "num_drivers": sum(len(result.entry.drivers) for result in race.results),
        "num_lead_changes": sum(result.laps_led > 0 for result in race.results) - 1,
        "official_session": race.official,
        "points_type": "race",
        "private_session_id": NONE if race.official else race.subsession_id // 17,
        "race_week_num": race.week,
        "season_id": race.season_id,
        "season_name": f"{race.series} - {year} Season {quarter}" if race.official else "Hosted iRacing",
        "season_quarter": quarter,
        "season_year": year,
        "series_id": race.series_id,
        "series_name": race.series if race.official else "Hosted iRacing",
        "session_id": race.session_id,
        "session_results": _sessions(race),
        "session_splits": [{"subsession_id": race.subsession_id, "event_strength_of_field": strength}],
        "start_time": f"{race.started_at:%Y-%m-%dT%H:%M:%SZ}",
        "track": {
            "category": "Road",
            "category_id": 2,
            "config_name": race.layout.config,
            "track_id": race.layout.track_id,
            "track_name": race.layout.track,
        },
        "weather": {"rel_humidity": 45, "skies": 1, "temp_units": 1, "temp_value": 23, "wind_value": 2},
    }
    if race.league:
        known |= {
            "host_id": 410_017,
            "league_id": race.league_id,
            "league_name": race.league,
            "league_season_id": 122_001,
            "league_season_name": f"{race.league} {year}",
            "session_name": race.series,
        }
    elif not race.official:
        known["session_name"] = race.series
    return known


def _sessions(race: Race) -> list[dict[str, Any]]:
    """Practice, qualifying and races; numbers count down from the main race, the list has no fixed order."""
    before = NONE - 1 if race.heat else 0
    by_practice = sorted(race.results, key=lambda result: result.best_lap or 10**9)
    by_grid = sorted((result for result in race.results if result.grid), key=lambda result: result.grid or 0)
    practice = _trials(by_practice, [result.best_lap for result in by_practice])
    qualifying = _trials(by_grid, [result.qualifying_lap for result in by_grid])
    sessions = [
        _session(race, before - 2, "PRACTICE", PRACTICE, practice),
        _session(race, before - 1, "QUALIFY", LONE_QUALIFYING, qualifying),
    ]
    main = _session(race, 0, "FEATURE" if race.heat else "RACE", RACE_SESSION, [_row(r, race) for r in race.results])
    if race.heat:
        return [main, _session(race, -2, "HEAT 1", RACE_SESSION, [_row(r, race) for r in race.heat]), *sessions]
    return [*sessions, main]


def _session(race: Race, number: int, name: str, kind: tuple[int, str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    rains = kind == RACE_SESSION and race.week % RAINY_WEEK == 1
    return {
        "simsession_number": number,
        "simsession_name": name,
        "simsession_type": kind[0],
        "simsession_type_name": kind[1],
        "simsession_subtype": 0,
        "weather_result": {"avg_skies": 3 if rains else 1, "precip_time_pct": 62.5 if rains else 0},
        "results": rows,
    }


def _trials(results: list[Result], laps: list[int | None]) -> list[dict[str, Any]]:
    in_class = places_in_class([result.entry.car.class_id for result in results])
    return [_trial(*row) for row in zip(results, laps, range(len(results)), in_class, strict=True)]


def _trial(result: Result, lap: int | None, at: int, place_in_class: int) -> dict[str, Any]:
    """A row of practice or qualifying: best time, nothing gained or lost."""
    return (
        _identity(result)
        | {
            "average_lap": round(lap * 1.012) if lap else 0,
            "best_lap_num": 2 if lap else NONE,
            "best_lap_time": lap or NONE,
            "finish_position": at,
            "finish_position_in_class": place_in_class - 1,
            "incidents": 0,
            "interval": NONE,
            "laps_complete": 4 if lap else 0,
            "laps_lead": 0,
            "reason_out": "Running",
            "reason_out_id": 0,
            "starting_position": NONE,
            "starting_position_in_class": NONE,
        }
        | _standing(result, moved=False)
    )


def _row(result: Result, race: Race) -> dict[str, Any]:
    """A row of a race: positions from 0, times in 1/10000 s, -1 where there is none."""
    row = _identity(result) | _raced(result, race)
    if not result.entry.is_team:
        return row | _standing(result, moved=True)
    drivers = []
    for stint in result.stints():
        driver = stint.entry.drivers[0]
        person = {"cust_id": driver.cust_id, "display_name": driver.name, "country_code": driver.country_code}
        drivers.append({"team_id": result.entry.entry_id} | _identity(stint) | person | _raced(stint, race)
                       | _standing(stint, moved=True))  # fmt: skip
    return row | dict.fromkeys(_standing(result, moved=True), NONE) | {"driver_results": drivers}


def _identity(result: Result) -> dict[str, Any]:
    entry = result.entry
    driver = entry.drivers[0]
    car = {
        "ai": driver.is_ai,
        "car_class_id": entry.car.class_id,
        "car_class_name": entry.car.class_name,
        "car_id": entry.car.car_id,
        "car_name": entry.car.name,
        "livery": {"car_id": entry.car.car_id, "car_number": entry.number},
    }
    if entry.is_team:
        return {"team_id": entry.entry_id, "display_name": entry.name, "country_code": "ZZ", "division": NONE} | car
    person = {"cust_id": driver.cust_id, "display_name": driver.name, "country_code": driver.country_code}
    return person | {"flair_name": driver.country, "division": result.before.rating // 1_000} | car


def _raced(result: Result, race: Race) -> dict[str, Any]:
    points = max(120 - 6 * result.class_position, 0)
    return {
        "aggregate_champ_points": points if race.official else 0,
        "average_lap": result.average_lap or 0,
        "best_lap_num": result.best_lap_number or NONE,
        "best_lap_time": result.best_lap or NONE,
        "champ_points": points if race.official else 0,
        "class_interval": NONE if result.class_gap is None else result.class_gap,
        "finish_position": result.position - 1,
        "finish_position_in_class": result.class_position - 1,
        "incidents": result.incidents,
        "interval": NONE if result.gap is None else result.gap,
        "laps_complete": result.laps,
        "laps_lead": result.laps_led,
        "league_points": points if race.league else 0,
        "max_pct_fuel_fill": NONE,
        "position": result.position - 1,
        "qual_lap_time": result.qualifying_lap or NONE,
        "reason_out": result.reason_out[1],
        "reason_out_id": result.reason_out[0],
        "starting_position": NONE if result.grid is None else result.grid - 1,
        "starting_position_in_class": NONE if result.class_grid is None else result.class_grid - 1,
        "weight_penalty_kg": NONE,
    }


def _standing(result: Result, *, moved: bool) -> dict[str, Any]:
    before, after = result.before, result.after if moved else result.before
    return {
        "new_cpi": after.corners_per_incident,
        "new_license_level": after.level,
        "new_sub_level": after.safety,
        "newi_rating": after.rating,
        "old_cpi": before.corners_per_incident,
        "old_license_level": before.level,
        "old_sub_level": before.safety,
        "oldi_rating": before.rating,
    }
