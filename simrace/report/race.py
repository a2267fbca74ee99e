"""The report of a whole race: how it came to its result, by fixed rules."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.lap_times import lap_time_text
from simrace.report import line_chart, race_rules
from simrace.report.document import Bullets, Cell, Document, Heading, Picture, Sheet, Text
from simrace.report.hiding import hidden
from simrace.report.race_marts import Before, Car, Field, RaceLap, Result, Stint, WholeRace, find_race, read_race
from simrace.report.words import counted, joined, moment
from simrace.sim_names import sim_name

MOST_LAPS_TOLD = 15  # with incidents: those on which most cars had one
GAP_MARGIN = 1.15  # of the largest gap of a car in colour; cars farther behind are cut off
SOURCE = (
    "Made by simrace from the marts dim_races, fct_race_fields, fct_race_results, fct_race_laps, race_stints, "
    "fct_pit_stops, fct_penalties, rating_audit and the sessions before. How each number is made: docs/racing.md."
)


def make_race(connection: Connection, named: str, has_pseudonyms: bool = False) -> Document:
    """The report of a race.

    Args:
        connection: To a warehouse that has been built.
        named: race_id, or `last`.
        has_pseudonyms: Put a pseudonym in place of each name of a driver or team.

    Raises:
        ReportError: there is no such race.
        PseudonymError: pseudonyms are asked, and there is no key.
    """
    whole = read_race(connection, find_race(connection, named))
    return document(hidden(whole) if has_pseudonyms else whole)


def document(whole: WholeRace) -> Document:
    """The report of a race, of what the marts tell of it."""
    race = whole.race
    official = "official" if any(field.is_official for field in whole.fields) else None
    entries = "1 entry" if race.entries == 1 else f"{race.entries} entries"
    heat = f"heat {race.simsession_number}" if race.simsession_number else None
    about = joined(race.event_name, heat, moment(race.held_at), entries, sim_name(race.sim), official)
    made = Document(race.track(), f"Race: {about}. Id: {race.race_id}", SOURCE)
    classes = [_OfClass(whole, field) for field in whole.fields]
    story = [sentence for one in classes for sentence in one.story()]
    if whole.penalties:
        fined = len({penalty.entry_id for penalty in whole.penalties})
        penalties = "1 penalty" if len(whole.penalties) == 1 else f"{len(whole.penalties)} penalties"
        story.append(f"{penalties}, to {counted(fined, 'car')}.")
    if story:
        made.add(Bullets(story))
    made.add(Heading("Result"))
    for one in classes:
        made.add(*one.results())
    if not whole.laps:
        told = "The files of this race list no laps, so nothing tells of places, gaps and stints on the way."
        made.add(Text(told, is_quiet=True))
    _add(made, "Place by place", [drawn for one in classes for drawn in one.pictures()])
    _add(made, "Who led", [sheet for one in classes for sheet in one.leaders()], is_detail=True)
    _add(made, "Stints and stops", [sheet for one in classes for sheet in one.stints()], is_detail=True)
    _add(made, "Fastest laps and sectors", [sheet for one in classes for sheet in one.bests()], is_detail=True)
    _add(made, "What went wrong, by lap", list(_incidents(whole.laps)), is_detail=True)
    _add(made, "Penalties", list(_penalties(whole)), is_detail=True)
    _add(made, "Ratings", [sheet for one in classes for sheet in one.ratings()], is_detail=True)
    for session_type, sessions in groupby(whole.before, key=lambda one: (one.session_type, one.event_session_id)):
        sheets = list(_before(whole, list(sessions)))
        _add(made, f"{session_type[0].capitalize()} before the race", sheets, is_detail=True)
    return made


def _add(made: Document, heading: str, blocks: Sequence[Sheet | Picture | Text], is_detail: bool = False) -> None:
    if blocks:
        made.add(Heading(heading), *blocks, is_detail=is_detail)


class _OfClass:
    """What is told of one class; of its name where there are several."""

    def __init__(self, whole: WholeRace, field: Field) -> None:
        def own(rows: Sequence[Result]) -> list[Result]:
            return [row for row in rows if row.car_class_id == field.car_class_id]

        self.name = (field.car_class_name or "class not named") if whole.is_of_classes else ""
        self.is_part = whole.is_of_classes
        self.drivers, self.teams = own(whole.results), own(whole.teams) if field.is_team_race else []
        self.cars: list[Car] = [car for car in whole.cars if car.car_class_id == field.car_class_id]
        self.names = {car.entry_id: race_rules.car_name(car.driver_name, car.car_number) for car in self.cars}
        self.laps = [lap for lap in whole.laps if lap.entry_id in self.names]
        self.places = race_rules.places(self.laps, self.is_part)
        self.all_stints = [stint for stint in whole.stints if stint.entry_id in self.names]
        self.audit = {row.entrant_id: row for row in whole.audit}
        self.penalties = [penalty for penalty in whole.penalties if penalty.entry_id in self.names]

    def story(self) -> Iterator[str]:
        """The class in sentences."""
        results = self.teams or self.drivers
        laps = max((lap.lap_number for lap in self.laps), default=0)
        told = (
            race_rules.who_won(results),
            race_rules.who_led(race_rules.led(self.places), laps, self.names),
            race_rules.stops(self.all_stints, race_rules.winner(self.drivers)),
            race_rules.fastest(self.drivers),
            race_rules.gained(results),
            race_rules.worst_lap(self.laps),
            race_rules.retired([] if self.teams else self.drivers),
            race_rules.ratings(self.drivers),
        )
        for sentence in filter(None, told):
            yield f"{self.name}: {sentence}" if self.name else sentence

    def results(self) -> Iterator[Sheet | Text]:
        """Teams, then drivers."""
        if self.teams:
            yield self._table(joined(self.name, "teams"), self.teams, "Team")
        if self.drivers:
            yield self._table(joined(self.name, "drivers" if self.teams else None), self.drivers, "Driver")
        elif not self.teams:
            yield Text(joined(self.name, "the files of this race name no drivers of the class."), is_quiet=True)

    def _table(self, title: str, results: Sequence[Result], who: str) -> Sheet:
        first = race_rules.winner(results)
        stops = {stint.entry_id: 0 for stint in self.all_stints}
        for stint in self.all_stints:
            stops[stint.entry_id] += stint.stop_number is not None
        rows: list[tuple[Cell, ...]] = []
        for one in results:
            behind = race_rules.gap(one, first) if first and one is not first else None
            down = (one.laps_down or 0) - ((first.laps_down or 0) if first else 0)
            shown = f"{behind:.3f}" if behind is not None else counted(down, "lap") if down > 0 else None
            rows.append(
                (
                    one.finish_position_in_class,
                    one.finish_position if self.is_part else None,
                    one.car_number,
                    one.team_name if who == "Team" else one.name,
                    one.team_name if who == "Driver" and one.driver_name else None,
                    one.car_name,
                    one.start_position_in_class,
                    f"{one.places_gained_in_class:+d}" if one.places_gained_in_class else None,
                    one.laps,
                    shown,
                    _time(one.best_lap_s),
                    stops.get(one.entry_id or ""),
                    one.incidents,
                    one.irating_before,
                    f"{one.irating_change:+d}" if one.irating_change is not None else None,
                    one.out_reason if one.out_reason != "running" else None,
                )
            )
        columns = ("Place", "Overall", "No.", who, "Team", "Car", "Grid", "Gained", "Laps", "Behind, s", "Best lap",
                   "Stops", "Incidents", "iRating", "Change", "Out")  # fmt: skip
        return Sheet(title, columns, rows).without_empty_columns()

    def pictures(self) -> Iterator[Picture]:
        """Places and gaps by lap."""
        drawn = (self._places_picture(), self._gaps_picture())
        yield from filter(None, drawn)

    def _places_picture(self) -> Picture | None:
        started = sorted((car for car in self.cars if car.start_position), key=lambda car: car.start_position or 0)
        grid = {car.entry_id: place if self.is_part else car.start_position for place, car in enumerate(started, 1)}
        road = race_rules.on_the_road(self.places)
        courses = []
        for place, car in enumerate(self.cars, 1):
            marks = [(lap.lap_number, "ring") for lap in self.laps if lap.entry_id == car.entry_id and lap.is_pit_lap]
            marks += [
                (fined.lap_number, "cross")
                for fined in self.penalties
                if fined.entry_id == car.entry_id and fined.lap_number
            ]
            values = {0: grid.get(car.entry_id), **self.places[car.entry_id]}
            name = f"{place} {self.names[car.entry_id]}"
            courses.append(line_chart.Course(name, values, road[car.entry_id], marks))
        has_marks = any(course.marks for course in courses[: line_chart.MOST_COLOURS])
        of = f" of {self.name}" if self.name else ""
        caption = f"Place after each lap{of}, from the grid (0) on, with the place in the result before the name."
        if has_marks:
            caption += " Of cars in colour a ring is a lap in the pits, a cross a penalty."
        label = f"Place of each car{of} after each lap"
        return line_chart.draw(courses, label, caption, "lap", 260, is_falling=True, are_places=True)

    def _gaps_picture(self) -> Picture | None:
        gaps = race_rules.gaps(self.laps, self.is_part)
        courses = [line_chart.Course(self.names[car.entry_id], gaps[car.entry_id]) for car in self.cars]
        shown = [value for course in courses[: line_chart.MOST_COLOURS] for value in course.values.values() if value]
        of = f" of {self.name}" if self.name else ""
        label = f"Seconds behind the leader{of} after each lap"
        caption = f"{label}. Who falls farther behind than the cars in colour leaves the picture."
        limit = max(shown, default=1) * GAP_MARGIN
        return line_chart.draw(courses, label, caption, "lap", 300, is_falling=True, limit=limit)

    def leaders(self) -> Iterator[Sheet]:
        """Who led from which lap to which."""
        rows: list[tuple[Cell, ...]] = [
            (_from_to(stretch.first_lap, stretch.last_lap), self.names[stretch.entry_id], stretch.laps)
            for stretch in race_rules.led(self.places)
        ]
        if rows:
            yield Sheet(self.name, ("Laps", "Leader", "How many"), rows)

    def stints(self) -> Iterator[Sheet]:
        """Stints and stops of each car, in the order of the result."""
        rows: list[tuple[Cell, ...]] = []
        for car in self.cars:
            own = [stint for stint in self.all_stints if stint.entry_id == car.entry_id]
            if own:
                has_drivers = len({stint.driver_name for stint in own}) > 1
                lost = [stint.lost_s for stint in own if stint.lost_s is not None]
                stops = sum(stint.stop_number is not None for stint in own)
                shown = ", ".join(_stint(stint, has_drivers) for stint in own)
                rows.append((self.names[car.entry_id], stops, shown, f"{max(sum(lost), 0):.1f}" if lost else None))
        if rows:
            yield Sheet(
                self.name, ("Car", "Stops", "Laps of each stint", "Lost by stops, s"), rows
            ).without_empty_columns()

    def bests(self) -> Iterator[Sheet]:
        """Most laps led, fastest lap, fastest sectors."""
        # where laps tell who led, the table of leaders counts them
        found = race_rules.bests([] if race_rules.led(self.places) else self.cars, self.laps, self.names)
        if found:
            rows: list[tuple[Cell, ...]] = [(one.what, one.driver_name, one.value, one.lap_number) for one in found]
            yield Sheet(self.name, ("What", "Who", "Value", "Lap"), rows).without_empty_columns()

    def ratings(self) -> Iterator[Sheet]:
        """What the race did to ratings, beside what the formula makes of it."""
        rows: list[tuple[Cell, ...]] = []
        for one in self.drivers:
            if one.irating_change is not None:
                audit = self.audit.get(one.entrant_id)
                expected, estimated = (
                    (audit.expected_finish_in_class, audit.estimated_irating_change) if audit else (None, None)
                )
                rows.append(
                    (
                        one.finish_position_in_class,
                        one.name,
                        f"{expected:.1f}" if expected is not None else None,
                        one.irating_before,
                        one.irating_after,
                        f"{one.irating_change:+d}",
                        f"{estimated:+.0f}" if estimated is not None else None,
                    )
                )
        if rows:
            columns = ("Finish", "Driver", "Expected", "iRating before", "After", "Change", "By the formula")
            yield Sheet(self.name, columns, rows).without_empty_columns()


def _incidents(laps: Sequence[RaceLap]) -> Iterator[Sheet | Text]:
    found = race_rules.incidents_by_lap(laps)
    told = sorted(sorted(found, key=lambda one: (-one[1], one[0]))[:MOST_LAPS_TOLD])
    if told:
        yield Sheet("", ("Lap", "Cars", "What happened to how many"), [*told])
    if len(told) < len(found):
        yield Text(f"The {MOST_LAPS_TOLD} of {len(found)} laps on which it happened to most cars.", is_quiet=True)


def _penalties(whole: WholeRace) -> Iterator[Sheet]:
    names = {car.entry_id: race_rules.car_name(car.driver_name, car.car_number) for car in whole.cars}
    rows: list[tuple[Cell, ...]] = []
    for one in whole.penalties:
        worth = joined(
            f"{one.penalty_s:g} s" if one.penalty_s else None,
            counted(one.penalty_laps, "lap") if one.penalty_laps else None,
            counted(round(one.penalty_places), "place") if one.penalty_places else None,
        )
        kind, reason = (word.replace("_", " ") if word else None for word in (one.kind, one.reason))
        name = one.driver_name or names.get(one.entry_id or "", "not in the result")
        rows.append((one.lap_number, name, kind, reason, worth, one.served_lap_number))
    if rows:
        yield Sheet("", ("Lap", "Driver", "Penalty", "Reason", "Worth", "Served on lap"), rows).without_empty_columns()


def _before(whole: WholeRace, session: Sequence[Before]) -> Iterator[Sheet]:
    finish = {
        (one.car_class_id, one.driver_name): one.finish_position_in_class for one in [*whole.teams, *whole.results]
    }
    for field in whole.fields:
        rows: list[tuple[Cell, ...]] = [
            (
                one.position_in_class,
                one.driver_name,
                one.car_name,
                _time(one.best_lap_s),
                f"{one.gap_s:.3f}" if one.gap_s is not None else None,
                one.laps,
                finish.get((one.car_class_id, one.driver_name)),
            )
            for one in session
            if one.car_class_id == field.car_class_id
        ]
        if rows:
            title = (field.car_class_name or "class not named") if whole.is_of_classes else ""
            columns = ("Place", "Driver", "Car", "Best lap", "Behind, s", "Laps", "Finished the race")
            yield Sheet(title, columns, rows).without_empty_columns()


def _stint(stint: Stint, has_drivers: bool) -> str:
    front, rear = stint.tyre_compound_front, stint.tyre_compound_rear
    tyres = front if front == rear or not rear else f"{front or 'unknown'} and {rear}"
    about = joined(stint.driver_name if has_drivers else None, tyres)
    return _from_to(stint.first_lap_number, stint.last_lap_number) + (f" ({about})" if about else "")


def _from_to(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _time(seconds: float | None) -> str | None:
    return lap_time_text(seconds) if seconds else None
