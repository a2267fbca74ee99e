"""A season of races in every kind of result file; official races move the ratings of those who drove."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from simrace.generator.acc_results import write_acc_evening
from simrace.generator.ams2_stats import write_ams2_stats
from simrace.generator.assetto_corsa_race_out import write_race_out
from simrace.generator.assetto_corsa_results import write_assetto_corsa_evening, write_assetto_corsa_season
from simrace.generator.catalogue import LAYOUTS
from simrace.generator.drivers import FORMULA, ROAD, SPORTS_CAR, Racer, make_ai, make_pool, make_visitors
from simrace.generator.evening import Evening, run_season
from simrace.generator.iracing_api import CHARTS, led_as_charted
from simrace.generator.iracing_csv import Style, csv_bytes
from simrace.generator.iracing_json import content_text, event_result_text, raw_text
from simrace.generator.lmu_results import write_lmu_evening, write_lmu_event
from simrace.generator.race import FALCON, KESTREL, LYNX, MERLIN, Entry, Race, RaceCar, run_race
from simrace.generator.raceroom_results import write_raceroom_evening
from simrace.generator.sms_stats import write_sms_season, write_sms_stats
from simrace.generator.track import Layout
from simrace.generator.writing import set_modified

# Every third race is an official one of sports cars, every third a league's; the rest take turns.
OFFICIAL = ("raw", "event_result", "content", "pair", "copy")
LEAGUE = ("league_csv", "ai", "heat", "bare_csv", "team")
REST = ("formula", "acc", "hosted_csv", "official_2019", "team_csv", "formula_event_result")
ROTATION = (OFFICIAL, LEAGUE, REST)

FIRST_RACE = datetime(2026, 2, 3, 19, 0, tzinfo=UTC)
FIRST_OLD_RACE = datetime(2019, 8, 6, 18, 20, tzinfo=UTC)
ALWAYS_THERE = 2  # regulars who miss no race, so that some driver's form is complete
BETWEEN_RACES = timedelta(hours=44)
OTHER_EVENT = datetime(2026, 2, 8, 20, 15, tzinfo=UTC)
OTHER_FIELD = 8
LMU_EVENT = datetime(2026, 2, 15, 21, 10, tzinfo=UTC)
OTHER_SEASON = "Saltwind Trophy"
OTHER_SEASONS = {
    "lmu": datetime(2026, 3, 4, 20, 30, tzinfo=UTC),
    "raceroom": datetime(2026, 3, 5, 20, 15, tzinfo=UTC),
    "assetto_corsa": datetime(2026, 3, 6, 20, 45, tzinfo=UTC),
    "ams2": datetime(2026, 3, 7, 21, 5, tzinfo=UTC),
}
OLD_STYLE = ("league_csv", "bare_csv", "official_2019")  # layouts of 2019, so raced in 2019
TEAMS = ("team", "team_csv")
UNOFFICIAL = (*LEAGUE, "hosted_csv", "team_csv")
LEAGUE_NAME = "Västerhav Sim League"  # cp1252 has it, ASCII does not
TEAM_NAMES = ("Saltwind Racing", "Blåfjord Motorsport", "Team Ostler", "Kestrel Nine", "Grønvik GP", "Delta Marsh",
              "Nordlicht Rennteam", "Harrow & Pike", "Atelier Vitesse", "Club Torrevento")  # fmt: skip

STYLES = {
    "pair": Style("official_2026"),
    "league_csv": Style("league_2019", encoding="cp1252", newline="\r\n"),
    "bare_csv": Style("league_2019", encoding="cp1252", bare=True),
    "hosted_csv": Style("hosted_2026"),
    "official_2019": Style("official_2019", encoding="cp1252", newline="\r\n"),
    "team_csv": Style("hosted_2026"),
}
WEB_ENVELOPE = ("event_result", "formula_event_result")


def write_season(
    directory: Path, races: int, seed: int, on_progress: Callable[[Path], None] | None = None
) -> tuple[list[Path], list[dict[str, Any]], list[Race]]:
    """Run and write a season.

    Args:
        directory: Folder to write to.
        races: Number of events.
        seed: Seeds the drivers and their luck.
        on_progress: Called after each file.

    Returns:
        Paths written, what is true of each event, and the races of iRacing among them.
    """
    directory.mkdir(parents=True, exist_ok=True)
    pool, helpers, reserve = make_pool(seed), make_ai(4, seed), make_visitors()[0]
    written: list[Path] = []
    truth, run = [], list[Race]()
    for at in range(races):
        rng = np.random.default_rng([seed, 50, at])
        variants = ROTATION[at % 3]
        variant = variants[at // 3 % len(variants)]
        guests = rng.permutation(np.arange(ALWAYS_THERE, len(pool)))[: rng.integers(14, 23)]
        field = pool[:ALWAYS_THERE] + [pool[who] for who in guests]
        started_at = (FIRST_OLD_RACE if variant in OLD_STYLE else FIRST_RACE) + at * BETWEEN_RACES
        layout = LAYOUTS[at // 2 % len(LAYOUTS)]
        if variant == "acc":
            ended_at = started_at + timedelta(hours=1, seconds=58)
            paths, told = write_acc_evening(directory, rng, field[:14], layout, ended_at, reserve)
        else:
            race = _race(variant, at, rng, field, helpers, started_at, layout)
            if variant in CHARTS and variant not in {each.variant for each in run}:
                race = led_as_charted(race, seed)
            paths = _write(directory, race)
            told = _truth(race)
            run.append(race)
        truth.append({"variant": variant, "files": [path.name for path in paths]} | told)
        written += paths
        for path in paths:
            if on_progress:
                on_progress(path)
    return written, truth, run


def write_other_events(directory: Path, seed: int) -> list[Path]:
    """Write evenings of other sims with all their traps, which are no part of a season's story."""
    lmu_rng, ac_rng, sms_rng = (np.random.default_rng([seed, number]) for number in (61, 62, 63))
    field = make_pool(seed)[:OTHER_FIELD]
    _, left, guest = make_visitors()
    return [
        *write_lmu_event(directory, lmu_rng, field, LAYOUTS[1], LMU_EVENT, left),
        *write_assetto_corsa_evening(directory, ac_rng, field, LAYOUTS[0], OTHER_EVENT + timedelta(days=1), guest),
        *write_race_out(directory, ac_rng, field[:5], LAYOUTS[0], OTHER_EVENT + timedelta(days=2)),
        *write_sms_stats(directory, sms_rng, field, LAYOUTS[0], OTHER_EVENT + timedelta(days=3)),
        *write_ams2_stats(directory, sms_rng, field, LAYOUTS[0], OTHER_EVENT + timedelta(days=4)),
    ]


def run_other_seasons(seed: int) -> dict[str, list[Evening]]:
    """Seasons of other sims by the name of the sim: same seed, same seasons. Nobody in them drives other evenings."""
    pool = make_pool(seed)[OTHER_FIELD:]
    return {
        sim: run_season(
            seed + number, pool, OTHER_SEASON, OTHER_SEASONS[sim], has_penalties=sim in ("lmu", "assetto_corsa")
        )
        for number, sim in enumerate(OTHER_SEASONS)
    }


def write_other_seasons(directory: Path, seed: int) -> list[Path]:
    """Write a season of each other sim, a file a session or an evening.

    Args:
        directory: Folder to write to.
        seed: Seeds who drives and how.

    Returns:
        Paths written.
    """
    seasons = run_other_seasons(seed)
    return [
        *(path for evening in seasons["lmu"] for path in write_lmu_evening(directory, evening)),
        *(write_raceroom_evening(directory, evening) for evening in seasons["raceroom"]),
        *(path for evening in seasons["assetto_corsa"] for path in write_assetto_corsa_season(directory, evening)),
        *write_sms_season(directory, seasons["ams2"]),
    ]


def _race(
    variant: str,
    at: int,
    rng: np.random.Generator,
    field: list[Racer],
    helpers: list[Racer],
    started_at: datetime,
    layout: Layout,
) -> Race:
    """Draw up the entry list and race."""
    official = variant not in UNOFFICIAL
    category = FORMULA if variant.startswith("formula") else ROAD if variant == "official_2019" else SPORTS_CAR
    if variant in TEAMS:
        entries = _teams(field)
    else:
        cars: tuple[RaceCar, ...] = (LYNX,) if category == FORMULA else (FALCON, MERLIN)
        if variant in ("content", "league_csv", "official_2019"):
            cars = (FALCON, MERLIN, KESTREL)
        everyone = field + helpers if variant == "ai" else field
        entries = [
            Entry(racer.cust_id, racer.name, racer.number, cars[place % len(cars)], (racer,))
            for place, racer in enumerate(everyone)
        ]
    heat = []
    if variant == "heat":
        heat = run_race(rng, entries, layout, category, minutes=8, official=False)
    results = run_race(
        rng,
        entries,
        layout,
        category,
        minutes=90 if variant in TEAMS else 24,
        official=official,
        absentees=int(variant == "event_result"),
        resolution=10 if variant == "pair" else 1,  # the CSV of the same race has no finer times
    )
    return Race(
        variant=variant,
        subsession_id=(28_200_000 if variant in OLD_STYLE else 83_400_000) + at * 41_307 + int(rng.integers(9_000)),
        session_id=274_000_000 + at * 1_117,
        started_at=started_at,
        layout=layout,
        category=category,
        official=official,
        series=_series(variant, category),
        league=LEAGUE_NAME if variant in LEAGUE else "",
        week=at // 3 % 12,
        results=results,
        heat=heat,
    )


def _series(variant: str, category: int) -> str:
    if variant in LEAGUE:
        return f"{LEAGUE_NAME} Round"
    if variant in UNOFFICIAL:
        return "Saltwind Endurance Night" if variant in TEAMS else "Tuesday Open Evening"
    return {FORMULA: "Formula Lynx Trophy", ROAD: "Road Classics Cup"}.get(category, "GT Coast Challenge")


def _teams(field: list[Racer]) -> list[Entry]:
    """Pairs of drivers under a team's name and negative id."""
    pairs = list(zip(field[::2], field[1::2], strict=False))
    return [
        Entry(-(70_400 + 613 * place), name, pair[0].number, (FALCON, MERLIN)[place % 2], pair)
        for place, (name, pair) in enumerate(zip(TEAM_NAMES, pairs, strict=False))
    ]


def _write(directory: Path, race: Race) -> list[Path]:
    """Write the race's files; their names are as unhelpful as people's."""
    number, variant = race.subsession_id, race.variant
    contents: dict[str, bytes] = {}
    if variant in STYLES:
        name = f"open evening {race.started_at:%d %b}.csv" if variant == "hosted_csv" else f"eventresult_{number}.csv"
        contents[name] = csv_bytes(race, STYLES[variant])
    if variant == "content":
        contents[f"subsession_result_{race.started_at:%m%d}.json"] = content_text(race).encode("utf-8-sig")
    elif variant in WEB_ENVELOPE:
        contents[f"eventresult-{number}.json"] = event_result_text(race).encode()
    elif variant == "pair" or variant not in STYLES:
        contents[f"{number}.json"] = raw_text(race).encode()
    if variant == "copy":  # saved once more under the number of another event
        contents[f"eventresult-{number - 20_011}_{race.layout.track.split()[0]}.json"] = contents[f"{number}.json"]
    paths = []
    for name, content in contents.items():
        path = directory / name
        path.write_bytes(content)
        set_modified(path, race.started_at)
        paths.append(path)
    return paths


def _truth(race: Race) -> dict[str, Any]:
    return {
        "race_id": f"iracing:{race.subsession_id}:0",
        "started_at": race.started_at.isoformat(),
        "category": race.category,
        "official": race.official,
        "layout": race.layout.name,
        "strength_of_field": race.strength(),
        "results": [
            {
                "entrant_id": result.entry.entry_id,
                "name": result.entry.name,
                "position": result.position,
                "class_id": result.entry.car.class_id,
                "class_position": result.class_position,
                "laps": result.laps,
                "incidents": result.incidents,
                "rating_before": None if result.entry.is_team else result.before.rating,
                "rating_after": None if result.entry.is_team else result.after.rating,
            }
            for result in race.results
        ],
    }
