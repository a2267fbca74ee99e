"""What is known of a race that has not been run, by the SQL that makes the training data.

The entry list stands in temporary tables in place of a race that was landed, and the models run on them.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from simrace.build import beside
from simrace.build.dbt import Compiled, compile_models
from simrace.database.connection import ConnectionParameters
from simrace.database.pseudonyms import session_options
from simrace.predictions.entries import EntryList, Listed
from simrace.predictions.errors import EntryListError, PredictionError
from simrace.predictions.training_data import Known, read_known

SIM, SUBSESSION = "iracing", "announced"
RACE_ID = f"{SIM}:{SUBSESSION}:0"
LAST_NUMBER = 2**63 - 1  # iRacing numbers its subsessions in order, and a race to come is the last
RACES, RESULTS, EVENTS = "int_races_as_of_cutoff", "int_race_results_as_of_cutoff", "dim_event_sessions"
CHANGES, HISTORIES, DRIVEN = "int_race_position_changes", "int_race_histories", "int_driver_races_ordered"
# In the order in which they are made.
MADE = ("int_race_entries_rated", "dim_races", "fct_race_results", DRIVEN, "driver_race_form", "track_difficulty",
        "driver_pace_and_results", "ml_training_data")  # fmt: skip


@dataclass(frozen=True)
class Announced:
    """What is known of the entries.

    Attributes:
        known: As of races that were run; in the order of the list.
        race_key: `entries:` and a hash of what was asked.
        driver_ids: Of each entry; None for whom nobody knows.
        keys: Of each entry.
        names: What the list calls them, by key.
        layout_id: None where nobody knows it.
        license_category_id: Its category.
        starts_at: Its green flag.
        notes: What was not known.
    """

    known: Known
    race_key: str
    driver_ids: list[str | None]
    keys: list[str]
    names: dict[str, str]
    layout_id: str | None
    license_category_id: str
    starts_at: datetime
    notes: list[str]


def compile_features(parameters: ConnectionParameters) -> dict[str, Compiled]:
    """The models that make the training data of a race, and what they read, by the name of their tables.

    Raises:
        BuildError: the project cannot be compiled.
    """
    # by their tables, because versions of a model share its name
    return {model.relation.split(".")[-1].strip('"'): model for model in compile_models(parameters, [*MADE])}


def look_up(parameters: ConnectionParameters, models: dict[str, Compiled], asked: EntryList) -> Announced:
    """What is known of the entries of a race at its green flag.

    Args:
        parameters: The database.
        models: From `compile_features`.
        asked: The entry list.

    Raises:
        PredictionError: a name is that of several drivers, a driver is named twice, the category is unknown, or the
            warehouse was built by another version.
    """
    with _beside(parameters) as (connection, cursor):
        return _Resolved(connection, cursor, asked).known(models)


@contextmanager
def _beside(parameters: ConnectionParameters) -> Iterator[tuple[Connection, Cursor]]:
    # models make pseudonyms by the key of the session
    options = session_options(os.environ).get("PGOPTIONS") or os.environ.get("PGOPTIONS", "")
    with closing(parameters.connect(options=options)) as connection:
        try:
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read; set local timezone = 'UTC'")
                yield connection, cursor
        except (errors.UndefinedColumn, errors.UndefinedTable) as error:
            raise PredictionError(
                "The warehouse was built by another version of the project, or not at all: "
                f"{str(error).splitlines()[0]}\nBring it up to date with `simrace run`, and try again."
            ) from error
        finally:
            connection.rollback()


class _Resolved:
    """Names of an entry list as ids of the warehouse."""

    def __init__(self, connection: Connection, cursor: Cursor, asked: EntryList) -> None:
        self.connection, self.cursor, self.asked = connection, cursor, asked
        self.notes: list[str] = []
        self.starts_at = asked.starts_at or datetime.now(UTC).replace(microsecond=0)
        self.category = self._category()
        self.layout_id = self._layout()
        self.driver_ids = [self._driver(entry.driver) for entry in asked.entries]
        counts = Counter(driver_id for driver_id in self.driver_ids if driver_id)
        if twice := [driver_id for driver_id, count in counts.items() if count > 1]:
            raise EntryListError(f"The entry list has a driver twice, under two names: {', '.join(twice)}.")
        self.keys = [driver_id or f"entry {at}" for at, driver_id in enumerate(self.driver_ids, 1)]
        if unknown := self.driver_ids.count(None):
            self.notes.append(f"{unknown} of {len(self.keys)} drivers are in no race of the warehouse.")

    def known(self, models: dict[str, Compiled]) -> Announced:
        """All features of them, and how they are called."""
        self._make(models)
        known = read_known(self.connection, None, "pg_temp")
        there = {str(driver_id): at for at, driver_id in enumerate(known.rows["driver_id"])}
        if len(known.rows) != len(self.keys) or there.keys() != set(self.keys):
            raise PredictionError("The models of the project lost an entry: build anew with `simrace build`.")
        rows = known.rows.iloc[[there[key] for key in self.keys]].reset_index(drop=True)
        return Announced(
            Known(rows, known.features, known.words),
            self._race_key(),
            self.driver_ids,
            self.keys,
            {key: entry.driver for key, entry in zip(self.keys, self.asked.entries, strict=True)},
            self.layout_id,
            self.category,
            self.starts_at,
            self.notes,
        )

    def _race_key(self) -> str:
        """Of what was asked and to whom it came down; names of people are not in it."""
        told = [vars(entry) | {"driver": key} for key, entry in zip(self.keys, self.asked.entries, strict=True)]
        started = self.asked.starts_at.isoformat() if self.asked.starts_at else None
        race = [self.layout_id, self.category, self.asked.series_name, started, self.asked.is_official]
        text = json.dumps([race, told], sort_keys=True)
        return f"entries:{hashlib.sha256(text.encode()).hexdigest()[:32]}"

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        self.cursor.execute(query, values)
        return self.cursor.fetchall()

    def _category(self) -> str:
        found = self._rows(
            "select license_category_id, count(*) from marts.ml_training_data group by 1 order by 2 desc, 1"
        )
        if not found:
            raise PredictionError("The warehouse has no race to know drivers by: land results with `simrace run`.")
        if self.asked.license_category is None:
            self.notes.append(f"The licence category is not told: it is taken for {found[0][0]}, that of most races.")
            return str(found[0][0])
        named = dict(self._rows("select lower(title), license_category_id from marts.dim_license_categories"))
        given = named.get(self.asked.license_category.lower(), self.asked.license_category)
        if given not in {category for category, _ in found}:
            known = ", ".join(str(category) for category, _ in found)
            raise EntryListError(f"No race of the licence category {given!r} is known; there are: {known}.")
        return str(given)

    def _layout(self) -> str | None:
        if self.asked.layout is None:
            self.notes.append("The layout is not told: nothing of it is taken into account.")
            return None
        given = self.asked.layout.lower()
        found = self._rows(
            "select layout_id from marts.dim_track_layouts where layout_id in (%s, %s)", given, f"{SIM}:{given}"
        )
        if not found:
            self.notes.append(
                f"Nobody has raced on the layout {self.asked.layout!r}: nothing of it is taken into account."
            )
            return None
        return str(found[0][0])

    def _driver(self, given: str) -> str | None:
        by_id = self._rows(
            "select driver_id from marts.dim_drivers where sim = %s and driver_id in (%s, %s)",
            SIM,
            given,
            f"{SIM}:{given}",
        )
        if by_id:
            return str(by_id[0][0])
        by_name = self._rows(
            "select driver_id from marts.dim_drivers where sim = %s and lower(driver_name) = lower(%s)", SIM, given
        )
        if len(by_name) > 1:
            ids = ", ".join(sorted(str(driver_id) for (driver_id,) in by_name))
            raise EntryListError(f"{given} is the name of several drivers; write one of {ids}.")
        return str(by_name[0][0]) if by_name else None

    def _car(self, entry: Listed) -> tuple[str | None, str | None]:
        """car_id and class of an entry, by what it says or by the last race of the car; None for unknown ones."""
        car_id = None
        if entry.car is not None:
            found = self._rows(
                "select car_id from marts.dim_cars where sim = %s and (car_id in (%s, %s) "
                "or lower(car_name) = lower(%s)) order by 1 limit 1", SIM, entry.car, f"{SIM}:{entry.car}", entry.car,
            )  # fmt: skip
            car_id = str(found[0][0]) if found else None
        if entry.car_class is not None:
            found = self._rows(
                "select car_class_id from marts.fct_race_results where race_id like %s and (car_class_id in (%s, %s) "
                "or lower(car_class_name) = lower(%s)) order by 1 limit 1",
                f"{SIM}:%", entry.car_class, f"{SIM}:{entry.car_class}", entry.car_class,
            )  # fmt: skip
            return car_id, str(found[0][0]) if found else entry.car_class
        if car_id is not None:
            found = self._rows(
                "select results.car_class_id from marts.fct_race_results as results "
                "join marts.dim_races as races on results.race_id = races.race_id where results.car_id = %s "
                "order by races.green_flag_at desc nulls last, results.race_id desc limit 1", car_id,
            )  # fmt: skip
            if found:
                return car_id, str(found[0][0])
        return car_id, None

    def _ratings(self) -> dict[str, tuple[Any, ...]]:
        """Rating, licence class and safety rating after the last race of the category before this one."""
        found = self._rows(
            "select distinct on (driver_id) driver_id, irating_after, license_class_after, safety_rating_after "
            "from marts.rating_history where driver_id = any(%s) and license_category_id = %s "
            "and results_known_at <= %s order by driver_id, driver_race_number desc",
            [driver_id for driver_id in self.driver_ids if driver_id], self.category, self.starts_at,
        )  # fmt: skip
        return {str(driver_id): tuple(told) for driver_id, *told in found}

    def _results(self) -> list[dict[str, Any]]:
        """The entries as rows of results that are not known yet."""
        ratings = self._ratings()
        rows: list[dict[str, Any]] = []
        for key, entry in zip(self.keys, self.asked.entries, strict=True):
            car_id, class_id = self._car(entry)
            if entry.car is not None and car_id is None:
                self.notes.append(f"Nobody has raced the car {entry.car!r}: nothing of it is taken into account.")
            irating, license_class, safety_rating = ratings.get(key, (None, None, None))
            rows.append(
                {
                    "race_id": RACE_ID, "entrant_id": f"driver:{key}", "entry_id": f"driver:{key}", "driver_id": key,
                    "car_id": car_id, "car_class_id": class_id, "start_position": entry.start_position,
                    "qualifying_lap_ms": entry.qualifying_lap_ms, "irating_before": entry.irating or irating,
                    "license_level_before": 4 * license_class if license_class else None,
                    "safety_rating_before": None if safety_rating is None else str(safety_rating),
                    "is_team": False, "is_ai": False, "is_race_time_implausible": False,
                }
            )  # fmt: skip
        self.notes[:] = dict.fromkeys(self.notes)
        classes = sorted({row["car_class_id"] for row in rows if row["car_class_id"]})
        for row in rows:  # who is not told apart is of the one class that there is
            row["car_class_id"] = row["car_class_id"] or (classes[0] if len(classes) == 1 else "none")
        for class_id in {row["car_class_id"] for row in rows}:
            gridded = [row for row in rows if row["car_class_id"] == class_id and row["start_position"]]
            for place, row in enumerate(sorted(gridded, key=lambda row: row["start_position"]), 1):
                row["start_position_in_class"] = place
        return rows

    def _race(self) -> dict[str, Any]:
        corners = self._rows(
            "select corners_per_lap from marts.dim_event_sessions where layout_id = %s and corners_per_lap is not null "
            "order by started_at desc nulls last, event_session_id limit 1", self.layout_id,
        )  # fmt: skip
        return {
            "race_id": RACE_ID, "event_session_id": RACE_ID, "sim": SIM, "subsession_id": SUBSESSION,
            "simsession_number": 0, "session_type": "race", "is_race": True, "subsession_number": LAST_NUMBER,
            "layout_id": self.layout_id or f"{SIM}:unknown", "license_category_id": self.category,
            "series_name": self.asked.series_name, "is_official": self.asked.is_official, "is_team_race": False,
            "corners_per_lap": corners[0][0] if corners else None, "entries": len(self.keys),
            "drivers": len(self.keys), "is_over": False, "started_at": self.starts_at.isoformat(),
            "green_flag_at": self.starts_at.isoformat(), "results_known_at": self.starts_at.isoformat(),
        }  # fmt: skip

    def _make(self, models: dict[str, Compiled]) -> None:
        race = self._race()
        given = {
            RACES: [race],
            RESULTS: self._results(),
            EVENTS: [race],
            CHANGES: [],
            HISTORIES: [{"race_id": RACE_ID, "input_hash": SUBSESSION}],
        }
        for name, rows in given.items():
            query = sql.SQL("select * from jsonb_populate_recordset(cast(null as {}), {})")
            relation = beside.relation(models[name])
            beside.make_table(self.cursor, name, query.format(relation, sql.Literal(json.dumps(rows))))
            beside.analyse(self.cursor, name)
        made = set(given)
        for name in MADE:
            if name == "track_difficulty":
                self._add_earlier_races(models)
                beside.make_model(self.cursor, models, name, {RACES})
            else:
                beside.make_model(self.cursor, models, name, made)
            if name == DRIVEN:
                self._add_driven(models)
            made.add(name)

    def _add_driven(self, models: dict[str, Compiled]) -> None:
        """The drivers' races before this one, which is numbered after them."""
        arguments = {
            "mine": beside.temporary(DRIVEN), "all": beside.relation(models[DRIVEN]),
            "drivers": sql.Literal(self.keys), "start": sql.Literal(self.starts_at),
        }  # fmt: skip
        statements = (
            "update {mine} as mine set driver_start_number = 1 + past.starts, driver_race_number = 1 + past.races "
            "from (select mine.driver_id, count(past.race_id) as starts, "
            "count(case when past.license_category_id = mine.license_category_id then 1 end) as races "
            "from {mine} as mine left join {all} as past on mine.driver_id = past.driver_id "
            "and (past.ordered_at is null or past.ordered_at < {start}) group by mine.driver_id) as past "
            "where mine.driver_id = past.driver_id",
            "insert into {mine} select * from {all} where driver_id = any({drivers}) "
            "and (ordered_at is null or ordered_at < {start})",
            "analyze {mine}",
        )
        for statement in statements:
            self.cursor.execute(sql.SQL(statement).format(**arguments))

    def _add_earlier_races(self, models: dict[str, Compiled]) -> None:
        """Races of the category that were over, at one moment, so that none of them is compared with another."""
        self.cursor.execute(
            sql.SQL(
                "insert into {mine} select all_races.* from {all} as all_races where sim = {sim} "
                "and license_category_id = {category} and green_flag_at < {start} and results_known_at <= {start}"
            ).format(
                mine=beside.temporary(RACES), all=beside.relation(models[RACES]), sim=sql.Literal(SIM),
                category=sql.Literal(self.category), start=sql.Literal(self.starts_at),
            )
        )  # fmt: skip
        self.cursor.execute(
            sql.SQL(
                "update {mine} set green_flag_at = '-infinity', results_known_at = '-infinity' where race_id <> {race}"
            ).format(mine=beside.temporary(RACES), race=sql.Literal(RACE_ID))
        )
