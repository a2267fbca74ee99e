"""iRacing event results as CSV, in the column sets and byte habits of several years."""

from dataclasses import dataclass
from typing import Any

from simrace.generator.race import TICKS_PER_S, Race, Result
from simrace.generator.writing import result_time_text
from simrace.quoted_csv import quoted_line

START = ["Fin Pos", "Car ID", "Car", "Car Class ID", "Car Class", "Team ID", "Cust ID", "Name", "Start Pos", "Car #",
         "Out ID", "Out", "Interval", "Laps Led", "Qualify Time", "Average Lap Time", "Fastest Lap Time", "Fast Lap#",
         "Laps Comp", "Inc"]  # fmt: skip
FUEL = ["Max Fuel Fill%", "Weight Penalty (KG)"]
LICENCES = ["Old iRating", "New iRating", "Old License Level", "Old License Sub-Level", "New License Level",
            "New License Sub-Level"]  # fmt: skip
OFFICIAL = [*START, "Pts", "Club Pts", "Div", "Club ID", "Club", *LICENCES, "Series Name", *FUEL, "Agg Pts"]
COLUMNS = {
    "official_2019": OFFICIAL,
    "official_2026": [*OFFICIAL, "AI"],
    "league_2019": [*START, "League Points", *FUEL],
    "hosted_2026": [*START, "Club ID", "Club", *FUEL, "Session Name", "AI"],
}
OFFICIAL_HEAD = ["Start Time", "Track", "Series", "Season Year", "Season Quarter", "Rookie Season", "Race Week",
                 "Strength of Field", "Special Event Type"]  # fmt: skip
HOSTED_HEAD = ["Start Time", "Track", "Series", "Hosted Session Name"]
LEAGUE_HEAD = ["League Name", "League ID", "League Season", "League Season ID", "Points System"]


@dataclass(frozen=True)
class Style:
    """How one file is written.

    Attributes:
        columns: Column set, a key of COLUMNS.
        encoding: Text encoding.
        newline: Ending of the data rows and of the lines that go with them.
        bare: Whether the blocks above the table are missing, so that the file starts with an empty line.
    """

    columns: str
    encoding: str = "utf-8"
    newline: str = "\n"
    bare: bool = False


def csv_bytes(race: Race, style: Style) -> bytes:
    """The file. Where data rows end in CRLF, the lines between the blocks still end in LF, as the site sends them."""
    names, newline = COLUMNS[style.columns], style.newline
    head = "\n" if style.bare else _head(race, style)
    rows = [row for result in race.results for row in _rows(result, race, style)]
    table = [quoted_line(names), *(quoted_line(row.get(name, "") for name in names) for row in rows)]
    return (head + "".join(line + newline for line in table)).encode(style.encoding)


def _head(race: Race, style: Style) -> str:
    """The blocks above the table, with their blank lines."""
    newline = style.newline
    at = race.started_at
    old = style.columns.endswith("2019")
    start = f"{at:%Y.%m.%d} {at.hour % 12 or 12}:{at:%M %p} GMT" if old else f"{at:%Y-%m-%dT%H:%M:%SZ}"
    if style.columns.startswith("official"):
        quarter = (at.month - 1) // 3 + 1
        values = [start, race.layout.name, race.series, at.year, quarter, "N/A", race.week, race.strength(), ""]
        return quoted_line(OFFICIAL_HEAD) + newline + quoted_line(values) + newline + "\n"
    names = quoted_line(HOSTED_HEAD) if old else ",".join(HOSTED_HEAD)
    head = names + newline + quoted_line([start, race.layout.name, "Hosted iRacing", race.series]) + newline
    if not race.league:
        return head + "\n"
    league = [race.league, race.league_id, f"{race.league} {at.year}", 122_001, "None"]
    return head + "\n\n\n" + quoted_line(LEAGUE_HEAD) + "\n" + quoted_line(league) + "\n\n"


def _rows(result: Result, race: Race, style: Style) -> list[dict[str, Any]]:
    """One row for a driver; for a team one with its negative id and one for each of its drivers."""
    row = _row(result, race, style)
    if not result.entry.is_team:
        return [row]
    stints = [_row(stint, race, style) | {"Interval": "-"} for stint in result.stints()]
    return [row | {"Cust ID": row["Team ID"]}, *stints]


def _row(result: Result, race: Race, style: Style) -> dict[str, Any]:
    entry, driver = result.entry, result.entry.drivers[0]
    before, after = result.before, result.after
    points = max(120 - 6 * result.class_position, 0)
    old = style.columns == "official_2019"
    return {
        "Fin Pos": result.position,
        "Car ID": entry.car.car_id,
        "Car": entry.car.name,
        "Car Class ID": entry.car.class_id,
        "Car Class": entry.car.class_name,
        "Team ID": entry.entry_id,
        "Cust ID": driver.cust_id,
        "Name": entry.name,
        "Start Pos": result.grid or 0,
        "Car #": entry.number,
        "Out ID": result.reason_out[0],
        "Out": result.reason_out[1],
        "Interval": _interval(result),
        "Laps Led": result.laps_led,
        "Average Lap Time": result_time_text((result.average_lap or 0) / TICKS_PER_S),
        "Fastest Lap Time": result_time_text(result.best_lap / TICKS_PER_S) if result.best_lap else "",
        "Fast Lap#": result.best_lap_number or "",
        "Laps Comp": result.laps,
        "Inc": result.incidents,
        "League Points": points,
        "Pts": points,
        "Club Pts": points // 8 if old else "",
        "Div": min(before.rating // 700 + 1, 10) if before.licence_class > 1 else "R",
        "Club ID": 40 + driver.cust_id % 6 if old else 0,
        "Club": f"Club {driver.country}" if old else "",
        "Old iRating": before.rating,
        "New iRating": after.rating,
        "Old License Level": before.level,
        "Old License Sub-Level": before.safety,
        "New License Level": after.level,
        "New License Sub-Level": after.safety,
        "Series Name": race.series,
        "Max Fuel Fill%": 100,
        "Weight Penalty (KG)": 0,
        "Agg Pts": points,
        "Session Name": race.series,
        "AI": int(driver.is_ai),
    }


def _interval(result: Result) -> str:
    """Gap to the winner: seconds behind a minus, or laps."""
    if result.gap is None:
        return f"-{max(result.laps_down, 1)} L"
    return f"-{result_time_text(result.gap / TICKS_PER_S)}"
