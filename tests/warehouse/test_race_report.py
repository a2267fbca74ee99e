"""The report of a whole race: sentences follow from results and laps by rules, and tables are the marts'."""

import html
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.database.pseudonyms import pseudonym
from simrace.lap_times import lap_time_text
from simrace.report import line_chart, race_rules
from simrace.report.as_html import make_html
from simrace.report.as_picture import make_png
from simrace.report.as_text import make_markdown
from simrace.report.document import Document, Heading, Label, Line, Mark, Picture, Sheet
from simrace.report.race import document, make_race
from simrace.report.race_marts import Before, Car, Field, Penalty, Race, RaceLap, Result, Stint, WholeRace
from simrace.report.words import listed, ordinal, shortened
from tests.browser import console_errors, open_browser, requests_that_left, serious_findings
from tests.conftest import Warehouse
from tests.warehouse.test_session_report import connection, simrace_report

__all__ = ["connection"]

FIRST = Result("driver:1", "gt", finish_position=1, finish_position_in_class=1, driver_name="Ada", entry_id="a",
               start_position_in_class=3, places_gained_in_class=2, laps=4, laps_down=0, gap_to_class_winner_s=0.0,
               best_lap_s=61.5, best_lap_number=2)  # fmt: skip
SECOND = replace(FIRST, entrant_id="driver:2", finish_position=2, finish_position_in_class=2, driver_name="Bo",
                 entry_id="b", start_position_in_class=1, places_gained_in_class=-1, gap_to_class_winner_s=4.21,
                 best_lap_s=61.2)  # fmt: skip
THIRD = replace(FIRST, entrant_id="driver:3", finish_position=3, finish_position_in_class=3, driver_name="Cy",
                entry_id="c", start_position_in_class=12, places_gained_in_class=9, gap_to_class_winner_s=None,
                laps_down=1, best_lap_s=None, did_not_finish=True, out_reason="engine")  # fmt: skip
RESULTS = [FIRST, SECOND, THIRD]
LAP = RaceLap("a", 1, 1, 0.0, None, 62.0, 20.0, 21.0, 21.0, None, True, False)


def lap(entry_id: str, number: int, place: int | None, **changes: Any) -> RaceLap:
    return replace(LAP, entry_id=entry_id, lap_number=number, position_after_lap=place, **changes)


LAPS = [
    *(lap("a", number, place) for number, place in ((1, 2), (2, 1), (3, 1), (4, 1))),
    *(lap("b", number, place, gap_to_leader_s=float(place - 1)) for number, place in ((1, 1), (2, 2), (3, 2), (4, 2))),
    *(lap("c", number, 3, gap_to_leader_s=9.0) for number in (1, 2)),
]
CARS = [
    Car("a", "gt", "7", "Ada", 3, 1, 0),
    Car("b", "gt", None, "Bo", 1, 2, 4),
    Car("c", "gt", "9", "Cy", 12, 3, None),
]
NAMES = {"a": "Ada, #7", "b": "Bo", "c": "Cy, #9"}
FIELD = Field("gt", "GT", 3, None, True, False)
STINT = Stint("a", 1, 2, "Ada", "Soft", "Soft", 62.0, 1, 20.5, False)
RACE = Race("sim:1:0", "sim", 3, "Oak Ring", None, "Oak Cup", 0, None)
WHOLE = WholeRace(
    RACE,
    [FIELD],
    RESULTS,
    [],
    CARS,
    LAPS,
    [
        STINT,
        replace(STINT, first_lap_number=3, last_lap_number=4, tyre_compound_rear="Hard", stop_number=None, lost_s=None),
    ],
    [Penalty("b", 2, "Bo", "drive_through", "track_limits", None, None, None, 3)],
    [],
    [Before("q", "qualifying", "gt", 1, "Bo", "Coupe", 4, 61.0, 0.0)],
)


@pytest.mark.parametrize(
    ("results", "told"),
    [
        (RESULTS, "Ada won from 3rd on the grid, 4.210 s ahead of Bo."),
        ([replace(FIRST, start_position_in_class=1), THIRD], "Ada won from pole."),
        ([FIRST, replace(SECOND, gap_to_class_winner_s=None, laps_down=2)],
         "Ada won from 3rd on the grid, 2 laps ahead of Bo."),
        ([replace(FIRST, start_position_in_class=None), replace(SECOND, gap_to_class_winner_s=None)],
         "Ada won, ahead of Bo."),
        # of a class behind another the interval is to the winner of all
        ([replace(FIRST, gap_to_class_winner_s=None, interval_s=10.0),
          replace(SECOND, gap_to_class_winner_s=None, interval_s=11.5)],
         "Ada won from 3rd on the grid, 1.500 s ahead of Bo."),
        ([SECOND], None),
    ],
)  # fmt: skip
def test_who_won_is_told_with_grid_and_margin(results: list[Result], told: str | None) -> None:
    assert race_rules.who_won(results) == told


def test_who_led_is_told_where_most_laps_are_known() -> None:
    led = race_rules.led(race_rules.places(LAPS, is_part=False))
    assert [(one.first_lap, one.last_lap, one.entry_id) for one in led] == [(1, 1, "b"), (2, 4, "a")]
    assert race_rules.who_led(led, 4, NAMES) == "The lead changed once among 2 cars; Ada, #7 led most, 3 of 4 laps."
    assert race_rules.who_led(led[1:], 3, NAMES) == "Ada, #7 led every lap."
    assert race_rules.who_led(led[1:], 4, NAMES) == "Ada, #7 led all of the 3 laps whose leader is known."
    assert race_rules.who_led(led, 9, NAMES) is None
    assert race_rules.who_led([], 4, NAMES) is None
    hole = race_rules.led(race_rules.places([one for one in LAPS if one.lap_number != 3], is_part=False))
    assert [(one.first_lap, one.last_lap) for one in hole] == [(1, 1), (2, 2), (4, 4)]


def test_places_of_a_class_are_counted_among_its_cars_where_all_are_known() -> None:
    behind = [replace(one, position_after_lap=(one.position_after_lap or 0) + 5) for one in LAPS]
    assert race_rules.places(behind, is_part=True) == race_rules.places(LAPS, is_part=False)
    unknown = [*behind[:1], replace(behind[1], position_after_lap=None), *behind[2:]]
    assert [race_rules.places(unknown, is_part=True)[entry][2] for entry in "abc"] == [None] * 3
    assert race_rules.led(race_rules.places(unknown, is_part=True))[0].entry_id == "b"


def test_gaps_of_a_class_are_to_its_own_leader() -> None:
    clock = {"a": 62.0, "b": 61.0, "c": 70.0}
    laps = [replace(one, gap_to_leader_s=None, session_time_s=clock[one.entry_id] * one.lap_number) for one in LAPS]
    assert race_rules.gaps(laps, is_part=True)["c"] == {1: 9.0, 2: 18.0}
    assert race_rules.gaps(laps, is_part=False)["c"] == {1: None, 2: None}
    assert race_rules.gaps(LAPS, is_part=True)["c"][2] == 9.0, "where no clock is told"
    without = [replace(one, session_time_s=None) if one.entry_id == "b" and one.lap_number < 3 else one for one in laps]
    told = race_rules.gaps(without, is_part=True)
    assert told["c"] == {1: None, 2: 16.0}, "b leads the first lap, a the second"
    assert told["b"][2] is None
    assert race_rules.on_the_road(race_rules.places(LAPS, is_part=False)) == {"a": 1, "b": 2, "c": 3}
    assert race_rules.on_the_road({"a": {1: 1, 2: 1}, "b": {1: 2, 2: 2, 3: 1}}) == {"b": 1, "a": 2}, (
        "a stopped while it led"
    )


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (race_rules.fastest(RESULTS), "Fastest lap: Bo, 1:01.200 on lap 2."),
        (race_rules.fastest([THIRD]), None),
        (race_rules.gained(RESULTS), "Most places gained, 9: Cy (12th to 3rd)."),
        (race_rules.gained([FIRST, SECOND]), None),
        (race_rules.retired(RESULTS), "1 of 3 did not finish: Cy (engine)."),
        (race_rules.retired([FIRST]), None),
        (race_rules.retired([FIRST, replace(THIRD, is_starter=False)]), "Did not start: Cy."),
        (
            race_rules.retired([FIRST, replace(THIRD, is_starter=True), replace(SECOND, is_starter=False)]),
            "1 of 2 did not finish: Cy (engine). Did not start: Bo.",
        ),
        (race_rules.retired([replace(THIRD, out_reason="did not finish")]), "1 of 1 did not finish: Cy."),
        (race_rules.stops(WHOLE.stints, FIRST), "Ada stopped once, on lap 2."),
        (race_rules.stops(WHOLE.stints[1:], FIRST), "Ada did not stop."),
        (race_rules.stops(WHOLE.stints, SECOND), None),
        (race_rules.ratings([replace(FIRST, irating_change=40), replace(SECOND, irating_change=-31), THIRD]),
         "iRating: Ada +40 and Bo -31."),
        (race_rules.ratings([replace(FIRST, irating_change=40)]), "iRating: Ada +40."),
        (race_rules.ratings(RESULTS), None),
        (race_rules.worst_lap(LAPS), None),
        (race_rules.worst_lap([replace(one, lap_events="contact, pitted") for one in LAPS]),
         "Most went wrong on lap 1, for 3 cars: contact (3)."),
        (race_rules.worst_lap([replace(one, lap_events="pitted") for one in LAPS]), None),
    ],
)  # fmt: skip
def test_a_sentence_is_told_above_its_threshold_alone(told: str | None, sentence: str | None) -> None:
    assert told == sentence


def test_words_are_those_of_people() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th",
    ]  # fmt: skip
    assert [listed(list("abcd"), most) for most in (None, 2)] == ["a, b, c and d", "a, b and 2 more"]
    assert shortened("a long name", 6) == "a lon…"


def told_of(made: Document) -> dict[str, list[Any]]:
    """Blocks by the heading that they stand under."""
    found: dict[str, list[Any]] = {"": []}
    for part in made.parts:
        if isinstance(part.block, Heading):
            heading = part.block.text
            found[heading] = []
        else:
            found[heading if len(found) > 1 else ""].append(part.block)
    return found


def test_the_report_has_each_part_that_the_files_tell_of() -> None:
    told = told_of(document(WHOLE))
    assert list(told) == ["", "Result", "Place by place", "Who led", "Stints and stops", "Fastest laps and sectors",
                          "Penalties", "Qualifying before the race"]  # fmt: skip
    [result] = told["Result"]
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    assert [(row["Place"], row["Driver"], row["Behind, s"], row["Stops"]) for row in rows] == [
        (1, "Ada", None, 1), (2, "Bo", "4.210", None), (3, "Cy", "1 lap", None),
    ]  # fmt: skip
    assert "Incidents" not in rows[0], "a column that says nothing is left out"
    [stints] = told["Stints and stops"]
    assert stints.rows == [("Ada, #7", 1, "1 to 2 (Soft), 3 to 4 (Soft and Hard)", "20.5")]
    assert told["Who led"][0].rows == [("1", "Bo", 1), ("2 to 4", "Ada, #7", 3)]
    assert told["Penalties"][0].rows == [(2, "Bo", "drive through", "track limits", 3)]
    assert told["Qualifying before the race"][0].rows == [(1, "Bo", "Coupe", "1:01.000", "0.000", 4, 2)]
    assert told[""][0].sentences[-1] == "1 penalty, to 1 car."
    without = told_of(document(replace(WHOLE, laps=[], cars=[], stints=[], penalties=[], before=[])))
    assert list(without) == ["", "Result"]
    assert "list no laps" in without["Result"][-1].text


def test_of_several_classes_each_has_its_story_and_tables() -> None:
    other = replace(FIRST, entrant_id="driver:4", car_class_id="lmp", driver_name="Di", entry_id="d")
    whole = replace(
        WHOLE,
        fields=[FIELD, replace(FIELD, car_class_id="lmp", car_class_name="LMP")],
        results=[*RESULTS, other],
        cars=[*CARS, Car("d", "lmp", None, "Di", 2, 1, None)],
        laps=[*LAPS, *(lap("d", number, 1) for number in (1, 2, 3, 4))],
    )
    told = told_of(document(whole))
    assert [sheet.title for sheet in told["Result"]] == ["GT", "LMP"]
    assert [sentence for sentence in told[""][0].sentences if "led" in sentence] == [
        "GT: The lead changed once among 2 cars; Ada, #7 led most, 3 of 4 laps.", "LMP: Di led every lap.",
    ]  # fmt: skip
    assert [picture.label for picture in told["Place by place"]][:1] == ["Place of each car of GT after each lap"]


def test_the_picture_of_places_goes_from_the_grid_to_the_result() -> None:
    [places, gaps] = told_of(document(WHOLE))["Place by place"]
    lines = [shape for shape in places.shapes if isinstance(shape, Line)]
    assert [(line.series, sum(point is not None for point in line.points)) for line in lines] == [
        (2, 3),
        (1, 5),
        (0, 5),
    ]
    names = [shape.text for shape in places.shapes if isinstance(shape, Label) and not shape.is_quiet]
    assert names == ["1 Ada, #7", "2 Bo", "3 Cy, #9"]
    [swapped, _] = told_of(document(replace(WHOLE, cars=[CARS[1], CARS[0], CARS[2]])))["Place by place"]
    at = {shape.text: shape.at[1] for shape in swapped.shapes if isinstance(shape, Label)}
    assert at["2 Ada, #7"] < at["1 Bo"], "a name is at the end of its line, whatever a penalty made of it"
    at = {shape.text: shape.at[1] for shape in places.shapes if isinstance(shape, Label)}
    assert at["1 Ada, #7"] < at["2 Bo"] < at["3 Cy, #9"], "the winner is on top"
    assert [shape.kind for shape in places.shapes if isinstance(shape, Mark)] == ["cross"]
    assert "12" in at, "from the 12th place on the grid"
    assert not [shape for shape in gaps.shapes if isinstance(shape, Mark)]


def test_names_beside_lines_do_not_lie_on_each_other() -> None:
    for other in (0.0, 20.0):  # they are on top, or at the foot
        courses = [line_chart.Course(f"driver {n}", {1: other, 2: 10.0 + n / 100}) for n in range(30)]
        drawn = line_chart.draw(courses, "", "", "round", 100, is_falling=False)
        assert drawn
        ends = sorted(one.at[1] for one in drawn.shapes if isinstance(one, Label) and one.text.startswith("driver"))
        assert min(b - a for a, b in pairwise(ends)) > 11
        assert 0 < ends[0] < ends[-1] < drawn.height
    assert line_chart.draw([line_chart.Course("one", {1: 5.0})], "", "", "lap", 100, is_falling=False) is None


HOSTILE = "<script>alert('x')</script> |*_`~ [a](https://b) @everyone\n\u202eevil"


def test_names_are_data_in_every_kind_of_file() -> None:
    named = {"driver_name": HOSTILE, "team_name": HOSTILE, "car_name": HOSTILE, "out_reason": HOSTILE}
    whole = replace(
        WHOLE,
        race=replace(RACE, track_name=HOSTILE, event_name=HOSTILE),
        fields=[replace(FIELD, car_class_name=HOSTILE), replace(FIELD, car_class_id="x", car_class_name=HOSTILE)],
        results=[replace(one, **named) for one in RESULTS],
        cars=[replace(car, driver_name=HOSTILE) for car in CARS],
        laps=[replace(one, lap_events=HOSTILE) for one in LAPS],
        stints=[replace(stint, tyre_compound_front=HOSTILE) for stint in WHOLE.stints],
    )
    page = make_html(document(whole))
    assert "<script" not in page
    assert page.count(html.escape("<script>alert('x')</script>")) > 10
    assert "http" not in page.replace("http-equiv", "").replace(html.escape("(https://b)"), "")
    text = make_markdown(document(whole))
    assert not [line for line in text.splitlines() if re.search(r"(?<!\\)[<~`]|@everyone|(?<!\\)://|\u202e", line)]
    assert make_png(document(whole)).startswith(b"\x89PNG")


def test_names_are_hidden_where_asked(warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a race of teams, whose cars are called as they are, and of one with qualifying, stints and penalties."""
    key = "k" * 40
    races = warehouse.query(
        "select race_id from marts.fct_race_results group by 1 "
        "order by count(team_name) = count(*) desc, count(out_reason) desc, 1 limit 3"
    )
    monkeypatch.setenv("SIMRACE_PSEUDONYM_KEY", key)
    for (race_id,) in races:
        file = tmp_path / "race.md"
        done = simrace_report(warehouse, str(race_id), "-o", file, "--pseudonymise")
        assert done.exit_code == 0, done.output
        text = file.read_text("utf-8")
        for kind, column in (("Driver", "driver_name"), ("Team", "team_name")):
            names = warehouse.query(
                f"select distinct {column} from marts.fct_race_results "
                f"where race_id = $id${race_id}$id$ and {column} is not null"
            )
            assert not [name for (name,) in names if str(name) in text]
            shown = [pseudonym(str(name), kind, {"SIMRACE_PSEUDONYM_KEY": key}) in text for (name,) in names]
            assert all(shown) or kind == "Team"
    monkeypatch.delenv("SIMRACE_PSEUDONYM_KEY")
    done = simrace_report(warehouse, "last-race", "-o", tmp_path / "none.md", "--pseudonymise")
    assert done.exit_code == 1 and "SIMRACE_PSEUDONYM_KEY" in done.output
    done = simrace_report(warehouse, "last", "-o", tmp_path / "none.html", "--pseudonymise")
    assert done.exit_code == 1 and "--pseudonymise is of a race" in done.output


def test_every_race_has_a_report_of_what_the_marts_hold(warehouse: Warehouse, connection: Connection) -> None:
    """Of every sim, with and without laps, of classes and of teams; each driver once with place, laps and best lap."""
    races = warehouse.query(
        "select race_id, count(*), count(distinct car_class_id) from marts.fct_race_results group by 1 order by 1"
    )
    headings = set()
    for race_id, drivers, classes in races:
        told = told_of(make_race(connection, str(race_id)))
        headings |= set(told)
        sheets = [sheet for sheet in told["Result"] if isinstance(sheet, Sheet) and "Driver" in sheet.columns]
        assert len(sheets) == classes
        expected = warehouse.query(
            "select finish_position_in_class, coalesce(driver_name, team_name), best_lap_ms "
            f"from marts.fct_race_results where race_id = $id${race_id}$id$"
        )
        best = {(place, name, lap_time_text(int(str(ms)) / 1000) if ms else None) for place, name, ms in expected}
        shown = set()
        for sheet in sheets:
            rows = [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]
            shown |= {(row.get("Place"), row["Driver"], row.get("Best lap")) for row in rows}
        assert shown == best
        assert sum(len(sheet.rows) for sheet in sheets) == drivers
    assert headings >= {"Result", "Place by place", "Who led", "Stints and stops", "Fastest laps and sectors",
                        "Penalties", "What went wrong, by lap", "Ratings", "Qualifying before the race"}  # fmt: skip


def test_the_page_needs_nothing_and_the_picture_is_one(warehouse: Warehouse, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    [(race_id,)] = warehouse.query(
        "select race_id from marts.fct_race_laps group by 1 order by count(*) desc, 1 limit 1"
    )
    for kind in ("html", "md", "png"):
        done = simrace_report(warehouse, str(race_id), "-o", tmp_path / f"race.{kind}")
        assert done.exit_code == 0, done.output
    with image.open(tmp_path / "race.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 900
        assert len(picture.getcolors(1 << 20)) > 30
    assert (tmp_path / "race.md").read_text("utf-8").startswith("# ")
    browser = open_browser(tmp_path / "profile")
    try:
        browser.get((tmp_path / "race.html").as_uri())
        drawn = browser.find_elements("css selector", "figure svg")
        assert "after each lap" in str(drawn[0].get_attribute("aria-label"))
        assert len(browser.find_elements("css selector", "svg path.series0")) == len(drawn)
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})  # fmt: skip
        assert browser.execute_script("return document.documentElement.scrollWidth") == 390, (
            "tables scroll by themselves"
        )
        assert serious_findings(browser) == []
        assert requests_that_left(browser) == []
        assert console_errors(browser) == []
    finally:
        browser.quit()


def test_what_is_no_race_is_named_with_a_way_out(warehouse: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "race.html"
    [(practice, race)] = warehouse.query(
        "select others.event_session_id, min(races.event_session_id) from marts.dim_event_sessions as others "
        "inner join marts.dim_event_sessions as races using (sim, subsession_id) where races.is_race "
        "and others.session_type = 'practice' group by 1 having count(*) = 1 order by 1 limit 1"
    )
    [(alone,)] = warehouse.query(
        "select event_session_id from marts.dim_event_sessions as others where session_type = 'practice' "
        "and not exists (select from marts.dim_event_sessions as races where is_race "
        "and (races.sim, races.subsession_id) = (others.sim, others.subsession_id)) order by 1 limit 1"
    )
    for named, more, words in (
        ("iracing:0:0", (), "There is no race 'iracing:0:0'. Write a race_id of marts.dim_races"),
        (str(practice), (), f"is no race but practice; the race of its event is {race}."),
        (str(alone), (), "is no race but practice; no race of its event was landed."),
        ("last-race", ("--lap", "3"), "--lap is of a session, and last-race is a race."),
    ):
        done = simrace_report(warehouse, named, "-o", file, *more)
        assert done.exit_code == 1
        assert words in done.stderr.replace('"', "'")
    assert not file.exists()
    assert simrace_report(warehouse, "last-race", "-o", file).exit_code == 0


def test_a_warehouse_without_races_says_so(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simrace.report.race_marts.objects", lambda *_: [])
    with pytest.raises(Exception, match="holds no race yet"):
        make_race(connection, "last")


def test_pictures_of_a_report_are_of_its_summary() -> None:
    made = Document("Oak", "", "", [])
    made.add(Sheet("all", ("A",), [("x",)]), Picture(100, 50, "", [Line([(0, 0), None, (5, 5), (90, 40)], 1)], "drawn"))
    short = make_png(made)
    made.add(*(Sheet("detail", ("A",), [("x",)] * 50),), is_detail=True)
    assert make_png(made) == short
