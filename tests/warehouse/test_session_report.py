"""`simrace report`: words follow from numbers by rules, the page is the marts' and needs nothing else."""

import base64
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812
from typer.testing import CliRunner, Result

from simrace.cli.app import app
from simrace.database.roles import READER, become_reader
from simrace.export.tables import ExportError
from simrace.report import drawing, marts, rules, story
from simrace.report.answers import ReportError
from simrace.report.command import write_report
from simrace.report.figures import Comparison, Corner, Driven, Lap, Passage, Place, Reference, Session, Stint
from simrace.report.page import make_page, nothing_to_compare
from tests.browser import console_errors, open_browser, requests_that_left, serious_findings
from tests.conftest import Warehouse

MOMENT = datetime(2026, 3, 1, 19, 30, tzinfo=UTC)
PASSAGE = Passage(brake_point_m=800, turn_in_m=850, throttle_on_m=900, min_speed_kph=90, exit_speed_kph=130, gear=3)
LAP = Lap(number=7, time_s=92.345, lap_class="pace", pace_problem=None, trace_problem=None)
REFERENCE = Reference("personal_best", "a", 3, 92.0, 0.345, "Ada Lund", "Coupe", MOMENT)
SESSION = Session("b", MOMENT, "Ada Lund", "Coupe", "Hill, Short", "iracing", 91.5)
STINT = Stint(2, 5, 12, 8, 92.0, 92.5, 0.01, 0.9, None)
PLACES = [Place(5.0 * i, 0.01 * i, 100 + i, 101 + i, 10.0 * i, float(i % 3), 1 + i // 3) for i in range(9)]


def corner(lost_s: float = 0.21, number: int = 5, name: str | None = None, **changes: float | None) -> Corner:
    """A corner whose reference is PASSAGE, and the lap too but for the changes."""
    return Corner(number, name or str(number), 860, lost_s, replace(PASSAGE, **changes), PASSAGE)


def comparison(*corners: Corner, behind_s: float = 0.345) -> Comparison:
    lap = replace(LAP, time_s=REFERENCE.time_s + behind_s)
    return Comparison(lap, replace(REFERENCE, behind_s=behind_s), list(corners), PLACES, {1: 0.2, 2: -0.1, 3: 0.001})


@pytest.mark.parametrize(
    ("rule", "changes", "words"),
    [
        (rules.brake_point, {"brake_point_m": 788}, "braked 12 m earlier"),
        (rules.brake_point, {"brake_point_m": 805}, "braked 5 m later"),
        (rules.brake_point, {"brake_point_m": 804.9}, None),
        (rules.brake_point, {"brake_point_m": None}, "did not brake where the reference does"),
        (rules.turn_in, {"turn_in_m": 842}, "turned in 8 m earlier"),
        (rules.turn_in, {"turn_in_m": 854.9}, None),
        (rules.turn_in, {"turn_in_m": None}, None),
        (rules.minimum_speed, {"min_speed_kph": 86}, "minimum speed 4 km/h lower"),
        (rules.minimum_speed, {"min_speed_kph": 92}, "minimum speed 2 km/h higher"),
        (rules.minimum_speed, {"min_speed_kph": 91.9}, None),
        (rules.minimum_speed, {"min_speed_kph": None}, None),
        (rules.gear, {"gear": 2}, "in gear 2 instead of 3"),
        (rules.gear, {"gear": 3}, None),
        (rules.gear, {"gear": None}, None),
        (rules.throttle, {"throttle_on_m": 910}, "opened the throttle 10 m later"),
        (rules.throttle, {"throttle_on_m": 896}, None),
        (rules.throttle, {"throttle_on_m": None}, None),
        (rules.exit_speed, {"exit_speed_kph": 127}, "exit speed 3 km/h lower"),
        (rules.exit_speed, {"exit_speed_kph": 131}, None),
        (rules.exit_speed, {"exit_speed_kph": None}, None),
    ],
)
def test_a_rule_says_one_thing(rule: rules.Rule, changes: dict[str, float | None], words: str | None) -> None:
    assert rule(corner(**changes)) == words


def test_a_brake_that_is_not_logged_is_not_told() -> None:
    assert rules.brake_point(replace(corner(brake_point_m=None), has_brake=False)) is None
    flat = replace(corner(), reference=replace(PASSAGE, brake_point_m=None))
    assert rules.brake_point(flat) == "braked where the reference does not"
    assert rules.brake_point(replace(flat, lap=flat.reference)) is None


def test_a_corner_is_told_in_a_sentence() -> None:
    slow = corner(0.21, brake_point_m=788, min_speed_kph=86)
    assert rules.corner_sentence(slow) == (
        "2.1 tenths lost in corner 5: braked 12 m earlier, minimum speed 4 km/h lower."
    )
    named = corner(-1.234, name="Sachs", exit_speed_kph=140)
    assert rules.corner_sentence(named) == "1.23 s won in corner 5 (Sachs): exit speed 10 km/h higher."


def test_corners_are_told_from_the_dearest_on_and_alike_ones_together() -> None:
    told = rules.corner_sentences(
        [
            corner(-0.1, 1, gear=2),
            corner(0.029, 2, gear=2),
            corner(0.05, 3),
            corner(0.3, 4, gear=2),
            corner(0.01, 5),
            corner(0.1, 6),
            corner(-0.04, 7),
        ]
    )
    assert told == [
        "3 tenths lost in corner 4: in gear 2 instead of 3.",
        "1 tenth won in corner 1: in gear 2 instead of 3.",
        "Also lost, with no single point that differs enough to name: 1 tenth in corner 6, 5 hundredths in corner 3.",
        "Also won, with no single point that differs enough to name: 4 hundredths in corner 7.",
    ]


@pytest.mark.parametrize(
    ("corners", "behind_s", "end"),
    [
        (
            [0.3, 0.1, 0.02, 0.2, 0.04],
            0.6,
            "behind. The dearest corners: corner 1, corner 4 and corner 2, 6 tenths together.",
        ),
        ([0.3, 0.02], 0.32, "0.320 s behind. The dearest corner: corner 1, 3 tenths."),
        ([-0.3], -0.3, "0.300 s ahead."),
        ([], 0.345, "Lap 7 (1:32.345) against 1:32.000: 0.345 s behind."),
        ([0.0], 0.0, "equal to the millisecond."),
    ],
)
def test_the_summary_names_the_dearest_corners(corners: list[float], behind_s: float, end: str) -> None:
    made = comparison(*(corner(lost_s, number) for number, lost_s in enumerate(corners, 1)), behind_s=behind_s)
    assert rules.summary(made).endswith(end)


def test_what_is_so_in_most_corners_is_a_habit() -> None:
    early = [corner(number=number, brake_point_m=780) for number in (1, 2, 3)]
    assert rules.habits([*early, corner(number=4, min_speed_kph=99)]) == ["Braked earlier in 3 of 4 corners."]
    assert rules.habits([*early, *(corner(number=number) for number in (4, 5, 6, 7))]) == []
    assert rules.habits(early[:2]) == []


def driven(best_s: float, days: int, median_s: float | None = None) -> Driven:
    """A session some days before MOMENT."""
    return Driven(MOMENT - timedelta(days=days), best_s, median_s, best_s - 0.2)


@pytest.mark.parametrize(
    ("sessions", "told"),
    [
        ([], None),
        (
            [driven(92.0, 0)],
            "The first session of the driver with this car on this layout: progress shows from the second.",
        ),
        (
            [driven(92.0, 0, 93.0), driven(92.5, 1, 93.4)],
            "Best lap 1:32.000: 0.500 s faster than the session before (1:32.500 on 2026-02-28). "
            "The middle lap, 1:33.000, is 0.400 s faster than last time.",
        ),
        (
            [driven(92.0, 0, 93.0), driven(92.5, 1), driven(91.96, 9)],
            "Best lap 1:32.000: as fast as the best of 2 sessions before (1:31.960 on 2026-02-20).",
        ),
        (
            [driven(92.0, 0), driven(92.5, 1), driven(91.95, 9)],
            "Best lap 1:32.000: 0.050 s slower than the best of 2 sessions before (1:31.950 on 2026-02-20).",
        ),
    ],
)
def test_progress_is_told_against_the_sessions_before(sessions: list[Driven], told: str | None) -> None:
    assert story.progress(sessions) == told


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "Stint 2, laps 5 to 12: best 1:32.000, middle lap 1:32.500, without a trend."),
        (
            {"slope_s": 0.03, "slope_r2": 0.29},
            "Stint 2, laps 5 to 12: best 1:32.000, middle lap 1:32.500, without a trend.",
        ),
        (
            {"slope_s": 0.05, "slope_r2": 0.6, "fuel_per_lap_l": 2.345},
            "Stint 2, laps 5 to 12: best 1:32.000, middle lap 1:32.500, each lap 0.05 s slower than the one before, "
            "2.35 l of fuel a lap.",
        ),
        (
            {"slope_s": -0.05, "slope_r2": 0.6},
            "Stint 2, laps 5 to 12: best 1:32.000, middle lap 1:32.500, each lap 0.05 s faster than the one before.",
        ),
        ({"pace_laps": 2}, "Stint 2, laps 5 to 12: 2 count for pace, too few to tell."),
        ({"pace_laps": 1}, "Stint 2, laps 5 to 12: 1 counts for pace, too few to tell."),
        ({"pace_laps": 0, "best_s": None, "last_lap": 5}, "Stint 2, lap 5: no lap counts for pace, too few to tell."),
    ],
)
def test_a_stint_is_told_in_a_sentence(changes: dict[str, Any], told: str) -> None:
    assert story.stint_sentence(replace(STINT, **changes)) == told


def test_a_stint_is_compared_with_the_one_before() -> None:
    first = replace(STINT, number=1, median_s=92.9)
    assert story.stint_sentences([first, STINT])[1].endswith(
        "; its middle lap is 0.400 s faster than that of the stint before."
    )
    short = replace(first, pace_laps=1)
    assert story.stint_sentences([short, STINT])[1].endswith("without a trend.")


def test_the_page_tells_progress_stints_and_the_dearest_corner() -> None:
    places = [replace(place, distance_m=700 + 50.0 * number) for number, place in enumerate(PLACES)]
    dear = replace(comparison(corner(0.3, 5, name="Sachs", gear=2), corner(0.1, 6)), places=places)
    sessions = [driven(92.0, 0), driven(92.5, 1), driven(91.0, 2)]
    page = make_page(SESSION, [LAP], LAP, dear, [STINT], sessions)
    assert "<h2>The dearest corner: 5 (Sachs)</h2>" in page
    near = page.split("<h2>The dearest corner")[1].split("<h2>")[0]
    assert near.count("<svg") == 2
    assert len(re.findall(r"[ML]\d", near.split('class="delta" d="')[1].split('"')[0])) == 6, "150 m around 860 m"
    assert page.count("<circle") == 3
    assert "Stint 2, laps 5 to 12" in page
    even = replace(dear, corners=[corner(0.029)])
    assert "The dearest corner" not in make_page(SESSION, [LAP], LAP, even)
    assert "Progress" not in make_page(SESSION, [LAP], LAP, even, [], [])


def test_progress_and_stints_are_those_of_the_marts(warehouse: Warehouse) -> None:
    session_id, best, others = warehouse.query(
        "select own.session_id, consistency.best_lap_time_s, (select count(*) from marts.dim_sessions as other "
        "inner join marts.session_consistency as theirs using (session_id) where "
        "(other.driver_id, other.car_id, other.layout_id) = (own.driver_id, own.car_id, own.layout_id) "
        "and other.session_started_at < own.session_started_at "
        "and theirs.best_lap_time_s is not null) as others from marts.dim_sessions as own "
        "inner join marts.session_consistency as consistency using (session_id) where consistency.pace_laps > 0 "
        "order by others desc, own.session_id limit 1"
    )[0]
    with closing(psycopg2.connect(warehouse.url)) as connection:
        session = marts.find_session(connection, str(session_id))
        found = marts.read_driven(connection, session, marts.read_laps(connection, session))
        stints = marts.read_stints(connection, session)
    assert len(found) == 1 + int(str(others))
    assert found[0].best_s == float(str(best))
    assert [one.started_at for one in found[1:]] == sorted((one.started_at for one in found[1:]), reverse=True)
    expected = warehouse.query(
        f"select count(*), sum(pace_laps) from marts.fct_stints where session_id = '{session_id}'"
    )
    assert (len(stints), sum(stint.pace_laps for stint in stints)) == expected[0]


def test_times_and_verdicts_are_written_for_people() -> None:
    assert [rules.lap_time(seconds) for seconds in (59.9996, 64.9, 600.0, None)] == [
        "1:00.000", "1:04.900", "10:00.000", "no time",
    ]  # fmt: skip
    assert rules.verdict(LAP) == "counts"
    assert rules.verdict(replace(LAP, pace_problem="caution")) == "under yellow"
    own, other = (
        rules.reference_sentence(replace(REFERENCE, kind=kind), kind == "asked") for kind in ("asked", "class_best")
    )
    assert own == (
        "The reference is lap 3, the next fastest of this session: no lap of the class on this layout is faster "
        "(Ada Lund, Coupe)."
    )
    assert "of the session of 2026-03-01 19:30 UTC, the best of the car class" in other


def test_names_are_data() -> None:
    evil = "<script>alert('x')</script>"
    session = replace(SESSION, driver=evil, car=f'"{evil}', track="{evil} & <b>")
    made = comparison(corner(name=evil))
    page = make_page(session, [LAP], LAP, replace(made, reference=replace(REFERENCE, driver=evil)))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 4
    assert "{evil} &amp; &lt;b&gt;" in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize(
    ("laps", "chosen", "words"),
    [
        ([], None, "no lap from line to line"),
        ([replace(LAP, pace_problem="slow")], None, "No lap of this session both counts for pace and has a trace"),
        ([LAP], replace(LAP, trace_problem="gap"), "Lap 7 has no trace to compare (a hole in the log)"),
        ([LAP], LAP, "Lap 7 is the only lap in this car class on this layout so far"),
    ],
)
def test_a_report_without_a_comparison_says_why(laps: list[Lap], chosen: Lap | None, words: str) -> None:
    assert words in nothing_to_compare(laps, chosen)
    assert words in make_page(SESSION, laps, chosen, None)


def test_pictures_say_what_the_numbers_say() -> None:
    drawn = drawing.track_map(PLACES, [corner()], {1: 0.2, 2: -0.1, 3: 0.001})
    assert drawn
    assert [part.split('"')[0] for part in drawn.split('class="track ')[1:]] == ["lost", "won", "even"]
    assert [part.split('"')[0] for part in drawn.split('stroke-width="')[1:]] == ["10.0", "6.5", "3.0"]
    assert drawing.track_map([replace(place, x_m=None) for place in PLACES], [], {}) is None
    silent = [replace(place, speed_kph=None, reference_speed_kph=None) for place in PLACES]
    assert drawing.speed_chart(silent, []) is None
    broken = drawing.speed_chart([*PLACES[:3], silent[3], *PLACES[4:]], [])
    assert broken
    assert [line.split('"')[1].count("M") for line in broken.split("<path class=")[1:]] == [0, 0]
    assert broken.count("M") == 4
    assert 'x="65.0"' in drawing.bar(0.1, 0.2)
    assert 'x="32.5"' in drawing.bar(-0.1, 0.2)


@pytest.fixture
def connection(warehouse: Warehouse) -> Iterator[Connection]:
    with closing(psycopg2.connect(warehouse.url)) as made:
        yield made


def simrace_report(warehouse: Warehouse, *arguments: str | Path) -> Result:
    environment = {"SIMRACE_DATABASE_URL": warehouse.url, "COLUMNS": "400"}
    return CliRunner().invoke(app, ["report", *map(str, arguments)], env=environment)


def test_the_page_is_what_the_marts_say(warehouse: Warehouse, tmp_path: Path) -> None:
    """A session behind another driver's; by the command, as a browser shows it, on paper."""
    [(session, lap, delta, corners)] = warehouse.query(
        "select session_id::text, lap_number, delta_s, (select count(*) from marts.fct_lap_corners as corners "
        "where corners.session_id = refs.session_id and corners.lap_number = refs.lap_number) "
        "from marts.lap_references as refs inner join marts.fct_laps as laps using (session_id, lap_number) "
        "where reference_kind = 'class_best' and reference_session_id <> session_id "
        "and not exists (select from marts.lap_references as own where own.session_id = refs.session_id "
        "and own.reference_kind = 'personal_best' and own.reference_session_id <> own.session_id) "
        "order by laps.lap_time_s limit 1"
    )
    file = tmp_path / "report.html"
    done = simrace_report(warehouse, str(session)[:13], "-o", file)
    assert (done.exit_code, done.stdout.strip()) == (0, f"The report is in {file}"), done.output
    browser = open_browser(tmp_path / "profile")
    try:
        browser.get(file.as_uri())
        text = browser.find_element("tag name", "body").text
        assert f"Lap {lap} (" in text
        assert f"{delta} s behind" in text
        assert "the best of the car class on this layout" in text
        drawn = [svg.get_attribute("aria-label") for svg in browser.find_elements("css selector", "figure svg")]
        assert drawn[:3] == [
            "Track, thick where time was lost or won",
            "Time behind the reference over distance",
            "Speed of both laps over distance",
        ]
        assert len(browser.find_elements("css selector", "svg.bar")) == corners
        colours = set()
        for scheme in ("light", "dark"):
            browser.execute_cdp_cmd(
                "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
            )
            colours.add(browser.find_element("tag name", "body").value_of_css_property("background-color"))
        assert len(colours) == 2
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True})  # fmt: skip
        assert browser.execute_script("return document.documentElement.scrollWidth") == 390, (
            "what is wide scrolls by itself"
        )
        assert serious_findings(browser) == []
        paper = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
        assert paper.startswith(b"%PDF")
        assert b"/MediaBox [0 0 594.9" in paper, "A4"
        assert requests_that_left(browser) == []
        assert console_errors(browser) == []
    finally:
        browser.quit()


def test_every_session_has_a_report(warehouse: Warehouse, connection: Connection, tmp_path: Path) -> None:
    """Those with one lap, without a trace, without a driver or a track among them."""
    sessions = [str(session) for (session,) in warehouse.query("select session_id from marts.dim_sessions")]
    said = set()
    for session in [*sessions, "last"]:
        said.add((write_report(connection, session, None, tmp_path / "report.html") or "compared")[:20])
        assert (tmp_path / "report.html").read_text(encoding="utf-8").endswith("</html>\n")
    assert said == {"compared", "This session has no ", "Lap 1 is the only la"}


def test_what_is_not_there_is_named_with_a_way_out(
    warehouse: Warehouse, connection: Connection, tmp_path: Path
) -> None:
    [(session,)] = warehouse.query("select session_id::text from marts.dim_sessions order by 1 limit 1")
    done = simrace_report(warehouse, "nobody's", "-o", tmp_path / "a.html")
    assert (done.exit_code, done.stderr[:34]) == (1, 'Error: There is no session "nobody')
    assert "The newest:\n  " in done.stderr
    for named, lap, file, words in (
        ("", None, "a.html", "There is no session ''"),
        ("%", None, "a.html", "There is no session '%'"),
        (session, 99, "a.html", "The session has no lap 99. Its laps: "),
        (session, None, "a.md", "name a file that ends in .html instead of a.md"),
        (session, None, "a_file/a.html", "cannot be written: "),
    ):
        (tmp_path / "a_file").touch()
        with pytest.raises((ReportError, ExportError), match=words):
            write_report(connection, str(named), lap, tmp_path / file)
    with (
        closing(psycopg2.connect(warehouse.url, dbname="postgres")) as without_marts,
        pytest.raises(ReportError, match="not built yet"),
    ):
        write_report(without_marts, "last", None, tmp_path / "a.html")
    assert not (tmp_path / "a.html").exists()


def test_a_report_is_read_as_the_reader(connection: Connection) -> None:
    become_reader(connection)
    with connection, connection.cursor() as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == (READER,)
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction), connection.cursor() as cursor:
        cursor.execute("create temporary table a (b integer)")
