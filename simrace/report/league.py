"""The report of a whole round of a championship: standings before and after, points, movers, its races."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.championships.marts import (
    Championship,
    Race,
    Round,
    Rules,
    Scored,
    Standing,
    find_championship,
    read_rules,
    read_scored,
)
from simrace.championships.standings import count, driver_standings, team_standings
from simrace.championships.steps import changes, plain
from simrace.lap_times import lap_time_text
from simrace.report import league_story, line_chart
from simrace.report.answers import objects
from simrace.report.document import Bullets, Cell, Document, Heading, Picture, Sheet, Text
from simrace.report.hiding import DRIVER, TEAM, named
from simrace.report.words import counted, listed

MOST_LINES = 10  # drivers whose way through the season is drawn
SOURCE = (
    "Made by simrace from the marts championship_rounds, dim_championships and fct_race_results, by what files and "
    "stewards say today. How a league is scored: docs/championships.md."
)
Standings = list[Standing]


@dataclass(frozen=True)
class Season:
    """A championship up to a round.

    Attributes:
        championship: Whose.
        round: The round.
        scored: What was scored until it, with what counts after it.
        drivers: Standings of drivers after each round until it.
        teams: The same of teams.
    """

    championship: Championship
    round: Round
    scored: list[Scored]
    drivers: list[Standings]
    teams: list[Standings]

    def of_round(self) -> list[Scored]:
        """What was scored in the round."""
        races = {race.race_id for race in self.round.races}
        return [each for each in self.scored if each.race_id in races]

    def before(self, standings: list[Standings]) -> Standings:
        """Standings before the round; empty before the first."""
        return standings[-2] if len(standings) > 1 else []


@dataclass(frozen=True)
class FastestLap:
    """Of a driver in a race of the round."""

    race_id: str
    entries: int
    driver_id: str | None
    best_lap_s: float | None


def make_round(
    connection: Connection, championship_id: str, round_number: int | None, has_pseudonyms: bool = False
) -> Document:
    """The report of a round.

    Args:
        connection: To a warehouse that has been built.
        championship_id: A championship that has been scored.
        round_number: Number of the round; None for the latest.
        has_pseudonyms: Put a pseudonym in place of each name of a driver or team.

    Raises:
        ChampionshipError: there is no such championship or round.
        PseudonymError: pseudonyms are asked, and there is no key.
    """
    championship = find_championship(connection, championship_id)
    its_round = championship.round(round_number)
    scored = read_scored(connection, championship_id)
    if has_pseudonyms:
        championship, scored = _hidden(championship, scored)
    season = up_to(championship, its_round, scored, read_rules(connection, championship_id))
    laps = objects(connection, "league/races", FastestLap, {"races": [race.race_id for race in its_round.races]})
    return _document(season, laps)


def up_to(championship: Championship, its_round: Round, scored: Sequence[Scored], rules: Rules) -> Season:
    """The season until a round, as it was scored by then.

    Args:
        championship: Whose.
        its_round: The round.
        scored: What each race of the whole season scored.
        rules: Of the championship.
    """
    drivers, teams, until, races = [], [], list[Scored](), set[str]()
    for each in championship.rounds[: its_round.number]:
        races |= {race.race_id for race in each.races}
        until = [one for one in scored if one.race_id in races]
        drivers.append(driver_standings(until, rules))
        teams.append(team_standings(until, rules))
    order = {(one.race_id, one.driver_id): number for number, one in enumerate(scored)}
    counting = sorted(count(until, rules), key=lambda one: order[one.race_id, one.driver_id])
    return Season(championship, its_round, counting, drivers, teams)


def _hidden(championship: Championship, scored: list[Scored]) -> tuple[Championship, list[Scored]]:
    driver, team = named(DRIVER), named(TEAM)
    names = {key: driver(name) for key, name in championship.drivers.items()}
    teams = [replace(each, team_name=team(each.team_name) if each.team_name else None) for each in scored]
    return replace(championship, drivers=names), teams


def _document(season: Season, laps: list[FastestLap]) -> Document:
    championship, names = season.championship, season.championship.drivers
    made = Document(championship.name, season.round.told(of=len(championship.rounds)), SOURCE)
    made.add(Bullets(story(season)), Heading("Standings"))
    after = f"after {counted(season.round.number, 'round')}"
    classes = _classes(season.scored)
    for name, lines in _by_class(season.drivers[-1], classes):
        of_class = f", {name}" if name else ""
        made.add(_standings(f"Drivers {after}{of_class}", "Driver", season, lines, season.drivers, names.__getitem__))
    if season.teams[-1]:
        made.add(_standings(f"Teams {after}", "Team", season, season.teams[-1], season.teams, str))
    if drawn := _season_picture(season):
        made.add(Heading("The season so far"), drawn)
    made.add(Heading("Points of the round"))
    for race in season.round.races:
        rows = [each for each in season.scored if each.race_id == race.race_id]
        title = season.round.told() if len(season.round.races) == 1 else f"{season.round.told()}: race {race.number}"
        made.add(_results(title, rows, names))
    if any(not each.is_counted and each.role != "guest" for each in season.of_round()):
        made.add(Text("In brackets: points that do not count, by the rules of the championship.", is_quiet=True))
    made.add(Heading("Races of the round"), _races(season, laps), is_detail=True)
    told = "The story of a race, by its id: simrace report ID -o race.html"
    made.add(Text(told, is_quiet=True), is_detail=True)
    return made


def story(season: Season) -> list[str]:
    """The round in sentences."""
    names, own = season.championship.drivers, season.of_round()
    told = []
    for race in season.round.races:
        winners = [each for each in own if each.race_id == race.race_id and each.scored_position == 1]
        won = [names[each.driver_id] + (f" in {each.class_name}" if each.class_name else "") for each in winners]
        if won:
            where = f" at {race.track}" if race.track else ""
            which = f"Race {race.number}" if len(season.round.races) > 1 else "The race"
            told.append(f"{which}{where} was won by {listed(won, league_story.MOST_NAMED)}.")
    before = season.before(season.drivers)
    told += filter(None, [league_story.leaders("drivers", before, season.drivers[-1], names.__getitem__)])
    told += filter(None, [league_story.leaders("teams", season.before(season.teams), season.teams[-1], str)])
    told += league_story.movers(before, season.drivers[-1], names.__getitem__)
    return told + league_story.of_round(own, names)


def _classes(scored: Sequence[Scored]) -> dict[str, str | None]:
    """Class of each driver in his latest race, by driver_id."""
    return {each.driver_id: each.class_name for each in sorted(scored, key=lambda one: one.race_number)}


def _by_class(lines: Standings, classes: Mapping[str, str | None]) -> list[tuple[str, Standings]]:
    """Standings of each class; with its name where there are several. Places stay those of the one table."""
    found: dict[str, Standings] = {}
    for line in lines:
        found.setdefault(classes.get(line.key) or "", []).append(line)
    return sorted(found.items()) if len(found) > 1 else [("", lines)]


def _standings(
    title: str, who: str, season: Season, lines: Standings, standings: list[Standings], name: Callable[[str], str]
) -> Sheet:
    before = {line.key: line for line in season.before(standings)}
    is_part = len(lines) < len(standings[-1])
    has_drops = any(line.dropped_points for line in lines)
    own: dict[str, list[Scored]] = {}
    for each in season.of_round():
        own.setdefault(each.driver_id, []).append(each)
    rows: list[tuple[Cell, ...]] = []
    for number, line in enumerate(lines, 1):
        was = before.get(line.key)
        # a team drops no rounds
        gained = line.points - (was.points if was else 0) if who == "Team" else None
        rows.append(
            (
                number if is_part else None,
                line.position,
                league_story.shift(was.position if was else None, line.position) if before else None,
                name(line.key),
                line.team_name,
                was.points if was else None,
                league_story.points_of_round(own[line.key]) if line.key in own else gained,
                line.points,
                line.points - lines[0].points if is_part else -line.points_behind,
                line.dropped_points if has_drops else None,
                line.wins,
                line.podiums,
                line.races,
            )
        )
    columns = ("In class", "Place", "+/-", who, "Team", "Before", "This round", "Points", "Gap", "Dropped",
               "Wins", "Podiums", "Races")  # fmt: skip
    return Sheet(title, columns, rows).without_empty_columns()


def _season_picture(season: Season) -> Picture | None:
    if len(season.drivers) < 2:
        return None
    names = season.championship.drivers
    courses = []
    for line in season.drivers[-1][:MOST_LINES]:
        points = {
            number: next((float(one.points) for one in lines if one.key == line.key), 0.0)
            for number, lines in enumerate(season.drivers, 1)
        }
        courses.append(line_chart.Course(names[line.key], points))
    more = len(season.drivers[-1]) - MOST_LINES
    caption = "Points after each round, by what counted then." + (f" The first {MOST_LINES}." if more > 0 else "")
    return line_chart.draw(courses, "Points of each driver after each round", caption, "round", 300, is_falling=False)


def _results(title: str, scored: Sequence[Scored], names: Mapping[str, str]) -> Sheet:
    rows: list[tuple[Cell, ...]] = []
    for each in scored:
        points = plain(each.race_points + each.bonus_points)
        rows.append(
            (
                each.scored_position,
                names[each.driver_id],
                each.class_name,
                each.team_name,
                each.grid_position,
                each.race_points,
                each.bonus_points or None,
                points if each.is_counted or each.role == "guest" else f"({points})",
                changes(each),
                _note(each),
            )
        )
    columns = ("Place", "Driver", "Class", "Team", "Grid", "Points", "Bonus", "Counts", "Taken or given", "Note")
    return Sheet(title, columns, rows).without_empty_columns()


def _note(scored: Scored) -> str:
    notes = (
        (scored.is_disqualified, "disqualified"),
        (not scored.is_classified, "not classified"),
        (scored.role != "driver", scored.role),
        (not scored.is_counted and scored.role != "guest", "dropped"),
    )
    return ", ".join(word for is_so, word in notes if is_so)


def _races(season: Season, laps: Sequence[FastestLap]) -> Sheet:
    rows: list[tuple[Cell, ...]] = []
    for race in season.round.races:
        own = [lap for lap in laps if lap.race_id == race.race_id]
        rows.append(_race(race, own, season))
    columns = ("Race", "Track", "Start (UTC)", "Entries", "Winner", "Fastest lap", "By", "Id")
    return Sheet("", columns, rows).without_empty_columns()


def _race(race: Race, laps: Sequence[FastestLap], season: Season) -> tuple[Cell, ...]:
    names = season.championship.drivers
    winners = [each.driver_id for each in season.scored if each.race_id == race.race_id and each.scored_position == 1]
    fastest = laps[0] if laps and laps[0].best_lap_s else None
    return (
        race.number,
        race.track,
        f"{race.started_at:%Y-%m-%d %H:%M}" if race.started_at else None,
        laps[0].entries if laps else None,
        ", ".join(names[winner] for winner in winners),
        lap_time_text(fastest.best_lap_s) if fastest and fastest.best_lap_s else None,
        names.get(fastest.driver_id or "") if fastest else None,
        race.race_id,
    )
