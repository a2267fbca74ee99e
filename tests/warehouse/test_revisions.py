"""A corrected file of results replaces the earlier one, of every kind, and says what it changed for whom."""

import csv
import io
import json
import os
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ingestion.reading import file_digest
from simrace.generator.provisional import MORE_INCIDENTS
from tests.conftest import Warehouse

DAY_S = 86_400
PENALTY_S = 5
TIMES = ("race_time_ms", "gap_to_winner_ms")
STRANGER, STRANGER_ID = "Ostrander", 990_017
BUILT = (
    "stg_files__files", "stg_files__documents_parsed", "stg_files__header_cells", "stg_iracing__event_sessions_csv",
    "int_event_sessions_read", "int_event_sessions_united", "int_race_results_united", "int_event_session_files",
    "int_race_grids", "int_race_results_deduplicated", "int_races_deduplicated", "dim_driver_versions", "dim_drivers",
    "dim_event_sessions", "dim_races", "fct_race_results", "race_revisions",
)  # fmt: skip
CHANGES = """
    select revision, entrant_id, field, value_before, value_after
    from marts.race_revisions where race_id = '{}' order by revision, entrant_id, field
"""
# A race of each format, with the file that gives it and the first of its kind.
RACES = """
    select distinct on (files.source_format) files.source_format, files.event_session_id, sightings.file_path, (
        select firsts.file_path
        from intermediate.int_event_session_files as rivals
        inner join staging.stg_files__sightings as firsts using (file_id)
        where rivals.event_session_id = files.event_session_id and rivals.source_format = files.source_format
        order by rivals.modified_at, rivals.file_id desc
        limit 1
    )
    from intermediate.int_event_session_files as files
    inner join staging.stg_files__sightings as sightings using (file_id)
    inner join marts.dim_races as races on files.event_session_id = races.race_id and not races.is_team_race
    where
        files.is_winner and files.is_race and races.entries > 7
        and sightings.file_path ~ '/(results|seasons)/' and sightings.file_path !~ '(:|eventresult-|[.]zip|[.]gz)'
    order by files.source_format, races.entries desc, files.event_session_id, sightings.file_path
"""
RESULTS = """
    select driver_name, entrant_id, finish_position
    from marts.fct_race_results where race_id = '{}' order by finish_position, entrant_id
"""


def main_race(path: Path) -> dict[str, dict[str, Any]]:
    """Lines of the race by the id of the driver, as the file has them."""
    sessions = json.loads(path.read_text("utf-8"))["session_results"]
    [rows] = [each["results"] for each in sessions if each["simsession_number"] == 0]
    return {f"driver:{row['cust_id']}": row for row in rows}


def figures(row: dict[str, Any]) -> dict[str, str | None]:
    """What stewards can change in a line of iRacing, as marts have it."""
    return {
        "finish_position": str(row["finish_position"] + 1),
        "finish_position_in_class": str(row["finish_position_in_class"] + 1),
        "gap_to_winner_ms": None if row["interval"] < 0 else str(int(row["interval"] / 10 + 0.5)),
        "incidents": str(row["incidents"]),
        "league_points": str(row["league_points"]),
    }


def test_the_corrected_race_of_the_sample_says_what_was_changed(warehouse: Warehouse) -> None:
    files = warehouse.folder / "files"
    [provisional] = (files / "provisional").iterdir()
    number = provisional.name.split()[0]
    before, after = main_race(provisional), main_race(files / "results" / f"{number}.json")
    wanted = [
        (1, entrant, field, value, figures(after[entrant])[field])
        for entrant, row in before.items()
        for field, value in figures(row).items()
        if value != figures(after[entrant])[field]
    ]
    assert warehouse.query(CHANGES.format(f"iracing:{number}:0")) == sorted(wanted)
    assert [int(was or 0) - int(now or 0) for *_, field, was, now in wanted if field == "incidents"] == [MORE_INCIDENTS]
    told = warehouse.query(
        "select distinct decided_by, source_format, modified_at > replaced_modified_at "
        f"from marts.race_revisions where race_id = 'iracing:{number}:0'"
    )
    assert told == [("modified_at", "iracing_results_json", True)]


class Element:
    """A `<Driver>` of results XML, whose members are the texts of its elements."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __getitem__(self, tag: str) -> str:
        found = re.search(f"<{tag}>(.*?)</{tag}>", self.text)
        assert found
        return found[1]

    def __setitem__(self, tag: str, value: object) -> None:
        self.text = re.sub(f"(<{tag}>).*?(</{tag}>)", rf"\g<1>{value}\g<2>", self.text, count=1)


@dataclass(frozen=True)
class Kind:
    """How to change a file of results as people do.

    Attributes:
        read: Gives the lines of the race, and what writes the file anew with other lines.
        name: Where in a line the name of the driver is, or the last of his names.
        ids: Where what tells him from others is; with `is_known_by_id`, the first of them alone.
        places: Where his places are; nowhere, if the order of the lines says them.
        time: Where his time is, and how many of it are a second.
    """

    read: Callable[[bytes], tuple[list[Any], Callable[[list[Any]], bytes]]]
    name: tuple[Any, ...]
    ids: tuple[tuple[Any, ...], ...]
    places: tuple[tuple[Any, ...], ...] = ()
    time: tuple[tuple[Any, ...], float] | None = None
    is_known_by_id: bool = False


def member(line: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        line = line[key]
    return line


def put(line: Any, path: tuple[Any, ...], value: Any) -> None:
    member(line, path[:-1])[path[-1]] = value


def of_document(
    lines_of: Callable[[Any], list[Any]],
) -> Callable[[bytes], tuple[list[Any], Callable[[list[Any]], bytes]]]:
    """Of JSON, with comments before and behind it."""

    def read(content: bytes) -> tuple[list[Any], Callable[[list[Any]], bytes]]:
        encoding = "utf-16-le" if content[1:2] == b"\0" else "utf-8"
        kept = [line for line in content.decode(encoding).splitlines() if not line.lstrip().startswith("//")]
        document = json.loads("\n".join(kept))
        lines = lines_of(document)

        def write(changed: list[Any]) -> bytes:
            lines[:] = changed
            return json.dumps(document).encode(encoding)

        return deepcopy(lines), write

    return read


def of_table(content: bytes) -> tuple[list[Any], Callable[[list[Any]], bytes]]:
    head, mark, table = content.decode("cp1252").partition('"Fin Pos"')
    names, *rows = list(csv.reader(io.StringIO(mark + table)))

    def write(changed: list[Any]) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([names, *([line[name] for name in names] for line in changed)])
        return (head + text.getvalue()).encode("cp1252")

    return [dict(zip(names, row, strict=True)) for row in rows], write


def of_elements(content: bytes) -> tuple[list[Any], Callable[[list[Any]], bytes]]:
    text = content.decode("latin-1")
    parts = re.split(r"(<Driver>.*?</Driver>)", text, flags=re.DOTALL)
    lines = sorted((Element(part) for part in parts[1::2]), key=lambda line: int(line["Position"]))

    def write(changed: list[Any]) -> bytes:
        return (parts[0] + "\n".join(line.text for line in changed) + parts[-1]).encode("latin-1")

    return lines, write


def _race(document: Any) -> Any:
    return next(each for each in document["Sessions"] if each["Type"] == "Race")["Players"]


KINDS = {
    "iracing_results_json": Kind(
        of_document(lambda it: next(one for one in it["session_results"] if one["simsession_number"] == 0)["results"]),
        ("display_name",), (("cust_id",),), (("finish_position",), ("finish_position_in_class",)),
        (("interval",), 10_000),
    ),
    "iracing_results_csv": Kind(of_table, ("Name",), (("Cust ID",),), (("Fin Pos",),)),
    "acc_results_json": Kind(
        of_document(lambda it: it["sessionResult"]["leaderBoardLines"]),
        ("car", "drivers", 0, "lastName"), (("car", "drivers", 0, "playerId"), ("car", "carId")), (),
        (("timing", "totalTime"), 1_000), is_known_by_id=True,
    ),
    "raceroom_results_json": Kind(
        of_document(_race), ("FullName",), (("UserId",),), (("Position",),), (("TotalTime",), 1_000)
    ),
    "lmu_results_xml": Kind(
        of_elements, ("Name",), (("CarNumber",),), (("Position",), ("ClassPosition",)), (("FinishTime",), 1)
    ),
    "assetto_corsa_server_json": Kind(
        of_document(lambda it: it["Result"]), ("DriverName",), (("DriverGuid",), ("CarId",)), (),
        (("PenaltyTime",), 1_000_000_000),
    ),
    "ams2_stats_json": Kind(
        of_document(lambda it: it["stats"]["history"][0]["stages"]["race1"]["results"]),
        ("name",), (("refid",), ("participantid",)), (("attributes", "RacePosition"),),
        (("attributes", "TotalTime"), 1_000),
    ),
}  # fmt: skip


def lines_of(kind: Kind, lines: list[Any], drivers: list[str]) -> list[int]:
    """Where in the file each of the drivers stands, of whom name and id are known."""
    path = kind.ids[0] if kind.is_known_by_id else kind.name
    known = [" ".join(str(member(line, path)).split()) for line in lines]
    return [next(at for at, part in enumerate(known) if part and part in driver) for driver in drivers]


def exchange(kind: Kind, lines: list[Any], one: int, other: int) -> None:
    """Give two drivers each other's places."""
    for path in kind.places:
        place, other_place = member(lines[one], path), member(lines[other], path)
        put(lines[one], path, other_place)
        put(lines[other], path, place)
    lines[one], lines[other] = lines[other], lines[one]


def correct(kind: Kind, content: bytes, drivers: list[str]) -> bytes:
    """Second and third have changed places, the fourth got five seconds, and another drove than was sixth."""
    lines, write = kind.read(content)
    _, second, third, fourth, _, sixth, *_ = lines_of(kind, lines, drivers)
    if kind.time:
        path, unit = kind.time
        value = float(member(lines[fourth], path)) + PENALTY_S * unit
        put(lines[fourth], path, value if unit == 1 else int(value))
        if "PenaltyTime" in path:
            put(lines[fourth], ("HasPenalty",), True)
    for path in (kind.name, *kind.ids):
        put(lines[sixth], path, STRANGER if path == kind.name else type(member(lines[sixth], path))(STRANGER_ID))
    exchange(kind, lines, second, third)
    return write(lines)


def outdate(kind: Kind, content: bytes, drivers: list[str]) -> bytes:
    """The fifth and the sixth had each other's places."""
    lines, write = kind.read(content)
    exchange(kind, lines, *lines_of(kind, lines, drivers)[4:6])
    return write(lines)


@dataclass(frozen=True)
class Race:
    """A race whose file was changed.

    Attributes:
        kind: Of its files.
        race_id: Its id.
        before: Name, entrant and place of all, in the order of their places.
        outdated_id, replaced_id, corrected_id: The file that is older than all, the one that gave the race, and its
            correction.
    """

    kind: Kind
    race_id: str
    before: list[tuple[str, str, int]]
    outdated_id: str
    replaced_id: str
    corrected_id: str


@pytest.fixture(scope="module")
def revised(warehouse: Warehouse) -> tuple[Warehouse, dict[str, Race]]:
    """Corrected files, and landed with them, so later than what replaced them, files that are older than all."""
    here = warehouse.other("revised", is_copy=True)
    races = {}
    for source_format, race_id, file_path, first_path in warehouse.query(RACES):
        kind = KINDS.get(str(source_format))
        if not kind:
            continue
        path, first = Path(str(file_path)), Path(str(first_path))
        before = [
            (str(name), str(entrant), int(str(place))) for name, entrant, place in here.query(RESULTS.format(race_id))
        ]
        written = []
        for change, source, days in ((outdate, first, -10), (correct, path, 10)):
            copy = here.folder / change.__name__ / path.name
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(change(kind, source.read_bytes(), [f"{name} {entrant}" for name, entrant, _ in before]))
            modified = source.stat().st_mtime + days * DAY_S
            os.utime(copy, (modified, modified))
            written.append(copy)
        outdated, corrected = map(file_digest, written)
        races[str(source_format)] = Race(kind, str(race_id), before, outdated, file_digest(path), corrected)
    here.run("simrace", "land", here.folder / "correct", here.folder / "outdate")
    here.run("dbt", "run", "--select", *BUILT)
    return here, races


@pytest.mark.parametrize("source_format", KINDS)
def test_results_are_those_of_the_corrected_file(
    revised: tuple[Warehouse, dict[str, Race]], source_format: str
) -> None:
    here, races = revised
    race = races[source_format]
    assert here.query(f"select distinct file_id from marts.fct_race_results where race_id = '{race.race_id}'") == [
        (race.corrected_id,)
    ]
    after = {str(name): (entrant, place) for name, entrant, place in here.query(RESULTS.format(race.race_id))}
    (first, *_), (second, *_, second_place), (third, *_, third_place), *_ = race.before
    assert [after[name][1] for name in (first, second, third)] == [race.before[0][2], third_place, second_place]
    assert race.before[5][0] not in after
    [(_, place)] = [found for name, found in after.items() if STRANGER in name]
    assert place == race.before[5][2]
    entries = here.query(f"select entries, drivers from marts.dim_races where race_id = '{race.race_id}'")
    assert entries == [(len(race.before), len(race.before))] == [(len(after), len(after))]


@pytest.mark.parametrize("source_format", KINDS)
def test_revisions_tell_each_file_from_the_one_before(
    revised: tuple[Warehouse, dict[str, Race]], source_format: str
) -> None:
    """Whatever came last: the outdated file is the first of all, and the corrected one the last."""
    here, races = revised
    race = races[source_format]
    changes = here.query(CHANGES.format(race.race_id))
    places = {entrant: str(place) for _, entrant, place in race.before}
    _, (_, second, _), (_, third, _), (_, fourth, _), (_, fifth, _), (_, sixth, _), *_ = race.before

    latest = [change for revision, *change in changes if revision == changes[-1][0]]
    assert [second, "finish_position", places[second], places[third]] in latest
    assert [third, "finish_position", places[third], places[second]] in latest
    assert [sixth, "entrant", "listed", None] in latest
    assert len([one for one in latest if one[1:] == ["entrant", None, "listed"]]) == 1
    longer = {int(str(after)) - int(str(was)) for who, field, was, after in latest if who == fourth and field in TIMES}
    assert longer == ({1_000 * PENALTY_S} if race.kind.time else set())
    assert not [one for one in latest if one[1] in ("laps", "incidents", "best_lap_ms", "out_reason")]

    first = [change for revision, *change in changes if revision == 1]
    moved = {who: (was, after) for who, field, was, after in first if field == "finish_position"}
    assert moved.keys() == {who for who, *_ in first} == {fifth, sixth}
    assert moved[fifth] == moved[sixth][::-1]
    order = here.query(
        "select revision, replaced_file_id, file_id from marts.race_revisions "
        f"where race_id = '{race.race_id}' group by 1, 2, 3 order by 1"
    )
    assert order[0][1] == race.outdated_id
    assert order[-1][1:] == (race.replaced_id, race.corrected_id)
    assert [revision for revision, *_ in order] == [*range(1, len(order) + 1)]
