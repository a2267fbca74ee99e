"""The report of a session as one HTML page."""

import html
from collections.abc import Callable, Iterator, Sequence

from simrace.lap_times import PROBLEMS
from simrace.report import drawing, rules, story
from simrace.report.as_html import figure, page, scrolling
from simrace.report.figures import Comparison, Corner, Driven, Lap, Passage, Session, Stint
from simrace.sim_names import sim_name

_SOURCE = (
    "Made by simrace from the marts dim_sessions, fct_laps, lap_references, lap_deltas, fct_lap_corners, "
    "lap_comparisons, fct_stints and session_consistency. How each number is made: docs/telemetry.md. "
    "Told are differences of {brake:.0f} m in a braking point, {speed:.0f} km/h in the lowest speed and "
    "{lost:.0f} hundredths in a corner, or more."
)
AROUND_M = 150.0  # of a corner, before and after its apex, that is shown of it
# Heading, and the value of a passage under it.
_COLUMNS: tuple[tuple[str, Callable[[Passage], float | None]], ...] = (
    ("brake point, m", lambda passage: passage.brake_point_m),
    ("lowest speed, km/h", lambda passage: passage.min_speed_kph),
    ("throttle, m", lambda passage: passage.throttle_on_m),
    ("exit speed, km/h", lambda passage: passage.exit_speed_kph),
    ("gear", lambda passage: passage.gear),
)


def make_page(
    session: Session,
    laps: list[Lap],
    chosen: Lap | None,
    comparison: Comparison | None,
    stints: Sequence[Stint] = (),
    driven: Sequence[Driven] = (),
) -> str:
    """The report.

    Args:
        session: What was driven.
        laps: Its laps.
        chosen: The lap that is compared; None when none can be.
        comparison: With which other lap; None when there is none.
        stints: Of the session.
        driven: The session and the driver's earlier ones in the car on the layout, the newest first.
    """
    track = session.track or "track not named"
    parts = [f"<h1>{_text(track)}</h1>"]
    who = (session.driver or "driver not named", session.car or "car not named", sim_name(session.sim))
    parts.append(f'<p class="quiet">{_text(", ".join(who))}. Session of {session.started_at:%Y-%m-%d %H:%M} UTC.</p>')
    if comparison:
        parts += [f"<p>{_text(rules.summary(comparison))}</p>", *_comparison(session, comparison)]
    else:
        parts.append(f"<p>{_text(nothing_to_compare(laps, chosen))}</p>")
    parts += _progress(driven)
    parts += _stints(stints)
    parts += _laps(session, laps, chosen)
    source = _SOURCE.format(brake=rules.BRAKE_POINT_M, speed=rules.MIN_SPEED_KPH, lost=rules.TOLD_S * 100)
    return page(f"{track}, {session.started_at:%Y-%m-%d}", parts, source)


def nothing_to_compare(laps: list[Lap], chosen: Lap | None) -> str:
    """Why there is no comparison, and what would make one.

    Args:
        laps: Of the session.
        chosen: The lap that was to be compared; None when none can be.
    """
    if chosen is None:
        if not any(lap.time_s is not None for lap in laps):
            return "This session has no lap from line to line, so there is nothing to compare yet."
        return "No lap of this session both counts for pace and has a trace; the table says why."
    if chosen.trace_problem:
        why = PROBLEMS.get(chosen.trace_problem, chosen.trace_problem)
        return f"Lap {chosen.number} has no trace to compare ({why}). Choose another lap with --lap."
    return (
        f"Lap {chosen.number} is the only lap in this car class on this layout so far. "
        "Land another session, and it is compared with that."
    )


def _comparison(session: Session, comparison: Comparison) -> Iterator[str]:
    reference = comparison.reference
    is_own = reference.session_id == session.session_id
    yield f'<p class="quiet">{_text(rules.reference_sentence(reference, is_own))}</p>'
    yield "<h2>Where the time went</h2>"
    told = [*rules.habits(comparison.corners), *rules.corner_sentences(comparison.corners)]
    if told:
        yield "<ul>" + "".join(f"<li>{_text(sentence)}</li>" for sentence in told) + "</ul>"
    elif comparison.corners:
        yield "<p>No corner differs enough to tell: the time went little by little.</p>"
    else:
        yield "<p>No corners are known here: they are found where the files tell the turning rate or lateral g.</p>"
    keys = '<span class="key lost"></span>lost<span class="key won"></span>won<span class="key even"></span>even'
    drawn = drawing.track_map(comparison.places, comparison.corners, comparison.minisectors)
    if drawn:
        yield figure(drawn, f"The track by mini-sector, thicker where more was{keys}. Numbers are corners.")
    else:
        yield '<p class="quiet">No map: the files tell neither position nor turning rate.</p>'
    yield "<h2>Over the lap</h2>"
    lines = '<span class="key lap"></span>this lap<span class="key reference"></span>reference'
    if comparison.places:
        behind = drawing.delta_chart(comparison.places, comparison.corners)
        yield figure(scrolling(behind, "Delta"), "Time behind the reference; down is winning.")
        if speeds := drawing.speed_chart(comparison.places, comparison.corners):
            yield figure(scrolling(speeds, "Speed"), f"Speed:{lines}")
    yield from _dearest(comparison)
    if comparison.corners:
        yield "<h2>Corner by corner</h2>"
        yield from _corners(comparison.corners)


def _dearest(comparison: Comparison) -> Iterator[str]:
    """The corner that cost most, in pictures."""
    dearest = max(comparison.corners, key=lambda corner: (corner.lost_s, -corner.number), default=None)
    if dearest is None or dearest.lost_s < rules.TOLD_S:
        return
    seen = [place for place in comparison.places if abs(place.distance_m - dearest.apex_m) <= AROUND_M]
    if len(seen) < 2:
        return
    yield f"<h2>The dearest corner: {_text(rules.corner_name(dearest).removeprefix('corner '))}</h2>"
    yield f"<p>{_text(rules.corner_sentence(dearest))}</p>"
    if speeds := drawing.speed_chart(seen, [dearest], from_zero=False):
        lines = '<span class="key lap"></span>this lap<span class="key reference"></span>reference'
        yield figure(scrolling(speeds, "Speed through it"), f"Speed through it:{lines}")
    behind = drawing.delta_chart(seen, [dearest])
    yield figure(scrolling(behind, "Delta through it"), "Time behind the reference through it.")


def _progress(driven: Sequence[Driven]) -> Iterator[str]:
    if not (told := story.progress(driven)):
        return
    yield "<h2>Progress on this layout</h2>"
    yield f"<p>{_text(told)}</p>"
    if len(driven) > 1:
        lines = '<span class="key lap"></span>best lap<span class="key reference"></span>best mini-sectors together'
        yield figure(scrolling(drawing.progress_chart(driven), "Progress"), f"The sessions with this car here:{lines}")


def _stints(stints: Sequence[Stint]) -> Iterator[str]:
    if stints:
        yield "<h2>The stints</h2>"
        yield "<ul>" + "".join(f"<li>{_text(told)}</li>" for told in story.stint_sentences(stints)) + "</ul>"


def _corners(corners: list[Corner]) -> Iterator[str]:
    most = max(abs(corner.lost_s) for corner in corners)
    names = "".join(f'<th class="number" scope="col">{name}</th>' for name, _ in _COLUMNS)
    rows = [f'<table><tr><th scope="col">corner</th><th class="number" scope="col">lost, s</th><th></th>{names}</tr>']
    for corner in corners:
        name = str(corner.number) if corner.name == str(corner.number) else f"{corner.number} {corner.name}"
        cells = "".join(
            f'<td class="number">{_number(value(corner.lap))}<br><small>{_number(value(corner.reference))}</small></td>'
            for _, value in _COLUMNS
        )
        rows.append(
            f'<tr><td>{_text(name)}</td><td class="number">{corner.lost_s:+.3f}</td>'
            f"<td>{drawing.bar(corner.lost_s, most)}</td>{cells}</tr>"
        )
    yield scrolling("\n".join([*rows, "</table>"]), "Corner by corner")
    yield '<p class="quiet">Small: the reference. Bars to the right are time lost. Metres count from the line.</p>'


def _laps(session: Session, laps: list[Lap], chosen: Lap | None) -> Iterator[str]:
    yield "<h2>The laps</h2>"
    if not laps:
        yield "<p>This session has no laps.</p>"
        return
    yield '<table class="laps"><tr><th scope="col">lap</th><th class="number" scope="col">time</th>'
    yield '<th scope="col">class</th><th scope="col">for pace</th></tr>'
    for lap in laps:
        css = ' class="chosen"' if lap == chosen else ""
        time = rules.lap_time(lap.time_s) if lap.time_s is not None else ""
        cells = f'<td>{lap.number}</td><td class="number">{time}</td><td>{_text(lap.lap_class)}</td>'
        yield f"<tr{css}>{cells}<td>{_text(rules.verdict(lap))}</td></tr>"
    yield "</table>"
    if session.theoretical_best_s is not None:
        best = rules.lap_time(session.theoretical_best_s)
        yield f'<p class="quiet">The best mini-sectors of the session put together: {best}.</p>'


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def _text(text: str) -> str:
    return html.escape(text)
