"""The session text of an iRacing log: YAML in the sim's own manner, of a test alone or of a race."""

from collections.abc import Iterator
from typing import Any

from simrace.generator.drivers import CATEGORY_NAMES, REGULARS, Racer
from simrace.generator.race import TICKS_PER_S, Entry, Race, RaceCar, Result, places_in_class
from simrace.generator.session import Session

UNLIMITED = "unlimited"
RACE_NUMBER = 2  # among the sessions of an event, after practice and qualifying
SECTOR_STARTS = (0.0, 0.331, 0.668)
LICENCE_CLASSES = "_RDCBAP"
NO_TIME = "-1.0000"
SETUP = "baseline.sto"
PACE_CAR = {
    "CarIdx": 0,
    "UserName": "Pace Car",
    "UserID": -1,
    "TeamID": 0,
    "TeamName": "Pace Car",
    "CarNumber": '"0"',
    "CarNumberRaw": 0,
    "CarPath": "safety car",
    "CarClassID": 11,
    "CarID": 899,
    "CarIsPaceCar": 1,
    "CarIsAI": 0,
    "CarScreenName": "safety car",
    "CarClassShortName": "",
    "IRating": 0,
    "LicLevel": 1,
    "LicSubLevel": 0,
    "LicString": "R 0.00",
    "IsSpectator": 0,
}
TEST_NUMBER = "64"


def session_text(session: Session, race: Race | None, team: str) -> str:
    """The text of a log.

    Args:
        session: What was driven.
        race: The race it was driven in; None is a test without anybody else.
        team: Team name of the driver, written as it is: the sim quotes nothing.
    """
    tree = {
        "WeekendInfo": _weekend(session, race),
        "SessionInfo": {"Sessions": _race_sessions(race) if race else [_test_session()]},
        "DriverInfo": _driver_info(session, race, team),
        "SplitTimeInfo": {
            "Sectors": [
                {"SectorNum": number, "SectorStartPct": f"{start:.6f}"} for number, start in enumerate(SECTOR_STARTS)
            ]
        },
        "CarSetup": {
            "UpdateCount": 1,
            "Tires": {
                wheel: {
                    "ColdPressure": "150 kPa",
                    "LastTempsOMI": "44C, 44C, 44C",
                    "TreadRemaining": "100%, 100%, 100%",
                }
                for wheel in ("LeftFront", "LeftRear", "RightFront", "RightRear")
            },
            "Chassis": {"Front": {"BrakePressureBias": "54.5%"}, "Rear": {"FuelLevel": "60.0 L"}},
        },
    }
    blocks = ["\n".join([f"{name}:", *_lines(block, 1)]) for name, block in tree.items()]
    return "---\n" + "\n\n".join(blocks) + "\n\n...\n"


def entry_of(driver_name: str, race: Race) -> tuple[int, Result]:
    """Index and result of the car that somebody drove in a race; the pace car is 0."""
    for number, result in enumerate(_by_number(race), start=1):
        if driver_name in [driver.name for driver in result.entry.drivers]:
            return number, result
    raise ValueError(f"{driver_name} did not drive in {race.subsession_id}")


def _by_number(race: Race) -> list[Result]:
    return sorted(race.results, key=lambda result: (len(result.entry.number), result.entry.number))


def _lines(node: Any, depth: int) -> Iterator[str]:
    """Lines of a mapping, indented by single spaces; values stand as they are, quotes and colons too."""
    for key, value in node.items():
        if isinstance(value, dict):
            yield " " * depth + f"{key}:"
            yield from _lines(value, depth + 1)
        elif isinstance(value, list):
            yield " " * depth + f"{key}:"
            for item in value:
                first, *rest = _lines(item, depth + 2)
                yield " " * depth + "- " + first.lstrip()
                yield from rest
        else:
            yield " " * depth + f"{key}: {value}"


def _weekend(session: Session, race: Race | None) -> dict[str, Any]:
    layout = session.layout
    return {
        "TrackName": layout.slug,
        "TrackID": layout.track_id,
        "TrackLength": f"{layout.length_m / 1000:.2f} km",
        "TrackDisplayName": layout.track,
        "TrackDisplayShortName": layout.track.split()[0],
        "TrackConfigName": layout.config,
        "TrackAltitude": f"{layout.altitude_m:.2f} m",
        "TrackLatitude": f"{layout.lat_deg:.6f} m",
        "TrackLongitude": f"{layout.lon_deg:.6f} m",
        "TrackNumTurns": len(layout.turns),
        "TrackPitSpeedLimit": "60.00 kph",
        "TrackType": "road course",
        "TrackSkies": "Partly Cloudy",
        "TrackSurfaceTemp": "37.50 C",
        "TrackAirTemp": "26.38 C",
        "TrackAirPressure": "29.32 Hg",
        "TrackWindVel": "1.93 m/s",
        "TrackWindDir": "2.06 rad",
        "TrackRelativeHumidity": "42 %",
        "SeriesID": race.series_id if race else 0,
        "SeasonID": race.season_id if race else 0,
        "SessionID": race.session_id if race else 0,
        "SubSessionID": race.subsession_id if race else 0,
        "LeagueID": race.league_id if race else 0,
        "Official": int(race.official) if race else 0,
        "RaceWeek": race.week if race else 0,
        "EventType": "Race" if race else "Test",
        "Category": CATEGORY_NAMES[race.category].replace("_", "") if race else "Road",
        "SimMode": "full",
        "TeamRacing": int(race.results[0].entry.is_team) if race else 0,
        "NumCarClasses": len({result.entry.car.class_id for result in race.results}) if race else 1,
        "BuildVersion": "2025.01.08.01",
        "WeekendOptions": {"TimeOfDay": "2:00 pm", "Unofficial": 0 if race and race.official else 1},
        "TelemetryOptions": {"TelemetryDiskFile": '""'},
    }


def _test_session() -> dict[str, Any]:
    return _event_session(0, "Offline Testing", "TESTING") | {"ResultsPositions": []}


def _race_sessions(race: Race) -> list[dict[str, Any]]:
    """Practice and qualifying as they ended, and the race: the text of a log whose driver stayed to the end."""
    grid = sorted((result for result in race.results if result.grid), key=lambda result: result.grid or 0)
    timed = sorted((result for result in race.results if result.best_lap), key=lambda result: result.best_lap or 0)
    index = {result.entry.entry_id: number for number, result in enumerate(_by_number(race), start=1)}

    def standings(results: list[Result], *, raced: bool) -> list[dict[str, Any]]:
        return [
            {
                "Position": place,
                "ClassPosition": place_in_class - 1,
                "CarIdx": index[result.entry.entry_id],
                "Lap": result.laps if raced else 4,
                "FastestLap": (result.best_lap_number or 0) if raced else 2,
                "FastestTime": _time(result.best_lap if raced else result.qualifying_lap or result.best_lap),
                "LastTime": _time(result.average_lap if raced else result.best_lap),
                "LapsLed": result.laps_led if raced else 0,
                "LapsComplete": result.laps if raced else 4,
                "Incidents": result.incidents if raced else 0,
                "ReasonOutId": result.reason_out[0] if raced else 0,
                "ReasonOutStr": result.reason_out[1] if raced else "Running",
            }
            for place, (result, place_in_class) in enumerate(
                zip(results, places_in_class([each.entry.car.class_id for each in results]), strict=True), start=1
            )
        ]

    return [
        _event_session(0, "Practice", "PRACTICE") | {"ResultsPositions": standings(timed, raced=False)},
        _event_session(1, "Lone Qualify", "QUALIFY") | {"ResultsPositions": standings(grid, raced=False)},
        _event_session(RACE_NUMBER, "Race", "RACE")
        | {
            "ResultsOfficial": 1,
            "ResultsPositions": standings(race.results, raced=True),
        },
    ]


def _event_session(number: int, kind: str, name: str) -> dict[str, Any]:
    return {
        "SessionNum": number,
        "SessionLaps": UNLIMITED,
        "SessionTime": UNLIMITED,
        "SessionType": kind,
        "SessionTrackRubberState": "moderate usage",
        "SessionName": name,
        "SessionSubType": "",
        "ResultsOfficial": 0,
    }


def _time(ticks: int | None) -> str:
    return f"{ticks / TICKS_PER_S:.4f}" if ticks else NO_TIME


def _driver_info(session: Session, race: Race | None, team: str) -> dict[str, Any]:
    """Everybody in the event, the pace car first; a test has the driver alone."""
    if race:
        own, result = entry_of(session.driver.name, race)
        user_id = next(driver.cust_id for driver in result.entry.drivers if driver.name == session.driver.name)
        drivers = [dict(PACE_CAR), *(_driver(at, each, race) for at, each in enumerate(_by_number(race), start=1))]
    else:
        own, user_id = 0, {name: cust_id for cust_id, name in REGULARS.items()}[session.driver.name]
        drivers = [_car(own, _lone_entry(session, user_id))]
    if team:
        drivers[own]["TeamName"] = team
    return {
        "DriverCarIdx": own,
        "DriverUserID": user_id,
        "PaceCarIdx": 0 if race else -1,
        "DriverCarIdleRPM": "1250.000",
        "DriverCarRedLine": f"{session.car.redline_rpm:.3f}",
        "DriverCarFuelKgPerLtr": "0.750",
        "DriverCarFuelMaxLtr": "60.000",
        "DriverCarGearNumForward": len(session.car.top_speeds_kph),
        "DriverCarEstLapTime": f"{session.layout.length_m / 45:.4f}",
        "DriverSetupName": SETUP,
        "DriverIncidentCount": 0,
        "Drivers": drivers,
    }


def _lone_entry(session: Session, user_id: int) -> Entry:
    car = RaceCar(session.car.car_id, session.car.name, session.car.class_id, session.car.class_name, 0.0)
    return Entry(user_id, session.driver.name, TEST_NUMBER, car, (Racer(user_id, session.driver.name, "", "", "", ""),))


def _driver(index: int, result: Result, race: Race) -> dict[str, Any]:
    entry = result.entry
    licence = result.standings[0]
    return _car(index, entry) | {
        "IRating": licence.rating,
        "LicLevel": licence.level,
        "LicSubLevel": licence.safety,
        "LicString": f"{LICENCE_CLASSES[licence.licence_class]} {licence.safety / 100:.2f}",
        "IsSpectator": 0,
        "CurDriverIncidentCount": result.incidents,
        "TeamIncidentCount": result.incidents,
    }


def _car(index: int, entry: Entry) -> dict[str, Any]:
    driver, car = entry.drivers[0], entry.car
    return {
        "CarIdx": index,
        "UserName": driver.name,
        "AbbrevName": f"{driver.last_name}, {driver.first_name[0]}",
        "Initials": driver.first_name[0] + driver.last_name[0],
        "UserID": driver.cust_id,
        "TeamID": -entry.entry_id if entry.is_team else 0,
        "TeamName": entry.name,
        "CarNumber": f'"{entry.number}"',
        "CarNumberRaw": int(entry.number),
        "CarPath": car.name.replace(" ", "").lower(),
        "CarClassID": car.class_id,
        "CarID": car.car_id,
        "CarIsPaceCar": 0,
        "CarIsAI": int(driver.is_ai),
        "CarScreenName": car.name,
        "CarClassShortName": car.class_name,
    }
