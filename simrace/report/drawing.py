"""Pictures of a comparison as SVG; colours come from the page's style, so that they follow light, dark and print."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from simrace.lap_times import lap_time_text
from simrace.report.as_html import svg
from simrace.report.figures import Corner, Driven, Place

WIDTH, CHART_HEIGHT, MAP_HEIGHT = 720, 210, 380
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 22, 34
BAR_WIDTH, BAR_HEIGHT = 130, 12
EVEN_S = 0.01  # a smaller loss or gain is drawn as even, because a sample of a 60 Hz log is longer
LABEL_GAP = 15  # numbers of corners that would be closer together are left out
MAP_MARGIN = 26
LABEL_OFFSET = 17  # of a corner's number from the track
DAYS_WITH_YEAR = 6  # sessions of which the year has room too
LABEL_STEPS = 8  # points before and after the apex that tell its outside: 40 m

Scale = Callable[[float], float]
Point = tuple[float, float]


def speed_chart(places: list[Place], corners: list[Corner], from_zero: bool = True) -> str | None:
    """Speed of the lap and of the reference over distance; None without a speed."""
    both = (("speed_kph", "lap"), ("reference_speed_kph", "reference"))
    speeds = [value for name, _ in both for place in places if (value := getattr(place, name)) is not None]
    if not speeds:
        return None
    low = 0.0 if from_zero else min(speeds) * 0.97
    across, up = _across(places), scale(low, max(speeds) * 1.03, CHART_HEIGHT - BOTTOM, TOP)
    lines = [
        _line([(place.distance_m, getattr(place, name)) for place in places], across, up, css) for name, css in both
    ]
    grid = _grid(places, corners, across, up, ticks(low, max(speeds), 5), "km/h")
    return _svg(CHART_HEIGHT, "Speed of both laps over distance", [*grid, *reversed(lines)])


def delta_chart(places: list[Place], corners: list[Corner]) -> str:
    """How far the lap is behind the reference over distance."""
    values = [place.behind_s for place in places]
    low, high = min(0.0, *values), max(0.0, *values)
    margin = max(0.05 * (high - low), 0.01)
    across, up = _across(places), scale(low - margin, high + margin, CHART_HEIGHT - BOTTOM, TOP)
    zero = f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(0):.1f}" y2="{up(0):.1f}"/>'
    line = _line([(place.distance_m, place.behind_s) for place in places], across, up, "delta")
    grid = _grid(places, corners, across, up, ticks(low, high, 5), "s behind")
    return _svg(CHART_HEIGHT, "Time behind the reference over distance", [*grid, zero, line])


def track_map(places: list[Place], corners: list[Corner], minisectors: dict[int, float]) -> str | None:
    """The track, each mini-sector as thick as it lost or won time; None without positions."""
    known = [place for place in places if place.x_m is not None and place.y_m is not None]
    if len(known) < 2:
        return None
    points = {place.distance_m: (float(place.x_m or 0), float(place.y_m or 0)) for place in known}
    xs, ys = zip(*points.values(), strict=True)
    wide, high = max(max(xs) - min(xs), 1), max(max(ys) - min(ys), 1)
    factor = min((WIDTH - 2 * MAP_MARGIN) / wide, (MAP_HEIGHT - 2 * MAP_MARGIN) / high)
    height = round(high * factor) + 2 * MAP_MARGIN
    across = scale(min(xs), min(xs) + 1, (WIDTH - wide * factor) / 2, (WIDTH - wide * factor) / 2 + factor)
    up = scale(min(ys), min(ys) + 1, height - MAP_MARGIN, height - MAP_MARGIN - factor)

    def at(place: Place) -> Point:
        x, y = points[place.distance_m]
        return across(x), up(y)

    most = max((abs(lost) for lost in minisectors.values()), default=0) or 1
    drawn = []
    for number, group in groupby(known, key=attrgetter("minisector")):
        part = list(group)
        after = known.index(part[-1]) + 1
        lost = minisectors.get(number, 0.0)
        css = "even" if abs(lost) < EVEN_S else "lost" if lost > 0 else "won"
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(at, [*part, known[after % len(known)]]))
        thick = 3 + 7 * abs(lost) / most
        told = f"mini-sector {number}: {lost:+.3f} s"
        drawn.append(
            f'<polyline class="track {css}" stroke-width="{thick:.1f}" points="{path}"><title>{told}</title></polyline>'
        )
    labels = []
    for corner in corners:
        apex = min(range(len(known)), key=lambda index: abs(known[index].distance_m - corner.apex_m))
        around = [at(known[(apex + step) % len(known)]) for step in (-LABEL_STEPS, LABEL_STEPS)]
        labels.append(_outside(at(known[apex]), around, str(corner.number)))
    return _svg(
        height, "Track, thick where time was lost or won", [*drawn, *_start(at(known[0]), at(known[1])), *labels]
    )


def progress_chart(driven: Sequence[Driven]) -> str:
    """The best lap of each session, and the best of its mini-sectors put together.

    Args:
        driven: Two sessions or more, the newest first.
    """
    shown = list(reversed(driven))
    known = [value for one in shown for value in (one.best_s, one.theoretical_best_s) if value is not None]
    low, high = min(known), max(known)
    margin = max(0.08 * (high - low), 0.01)
    across = scale(0, len(shown) - 1, LEFT + 40, WIDTH - RIGHT - 30)
    up = scale(low - margin, high + margin, CHART_HEIGHT - BOTTOM, TOP)
    parts = []
    for level in ticks(low - margin, high + margin, 5):
        y = up(level)
        parts.append(f'<line class="grid" x1="{LEFT + 20}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="end" x="{LEFT + 14}" y="{y + 4:.1f}">{lap_time_text(level)}</text>')
    for number, one in enumerate(shown):
        day = f"{one.started_at:%Y-%m-%d}" if len(shown) <= DAYS_WITH_YEAR else f"{one.started_at:%m-%d}"
        parts.append(f'<text class="middle" x="{across(number):.1f}" y="{CHART_HEIGHT - BOTTOM + 16}">{day}</text>')
        parts.append(f'<circle class="lap" cx="{across(number):.1f}" cy="{up(one.best_s):.1f}" r="4"/>')
    lines = (("theoretical_best_s", "reference"), ("best_s", "lap"))
    parts += [_line([(i, getattr(one, name)) for i, one in enumerate(shown)], across, up, css) for name, css in lines]
    return _svg(CHART_HEIGHT, "Best lap of each session on this layout", parts)


def bar(lost_s: float, most_s: float) -> str:
    """A bar to the right for time lost, to the left for time won.

    Args:
        lost_s: Time lost; negative is won.
        most_s: The most that any bar of the table shows.
    """
    middle = BAR_WIDTH / 2
    length = middle * abs(lost_s) / most_s if most_s else 0
    start = middle if lost_s > 0 else middle - length
    css, size = "lost" if lost_s > 0 else "won", f'width="{BAR_WIDTH}" height="{BAR_HEIGHT}"'
    return (
        f'<svg class="bar" {size} viewBox="0 0 {BAR_WIDTH} {BAR_HEIGHT}" aria-hidden="true">'
        f'<rect class="{css}" x="{start:.1f}" y="1" width="{length:.1f}" height="{BAR_HEIGHT - 2}"/>'
        f'<line class="zero" x1="{middle}" x2="{middle}" y1="0" y2="{BAR_HEIGHT}"/></svg>'
    )


def _svg(height: int, label: str, parts: Iterable[str]) -> str:
    return svg(WIDTH, height, label, parts)


def scale(low: float, high: float, start: float, end: float) -> Scale:
    """Places between start and end for values between low and high."""
    factor = (end - start) / ((high - low) or 1)
    return lambda value: start + (value - low) * factor


def _across(places: list[Place]) -> Scale:
    return scale(places[0].distance_m, places[-1].distance_m, LEFT, WIDTH - RIGHT)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers from low to high, about so many."""
    rough = max(high - low, 1e-9) / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _line(values: list[tuple[float, float | None]], across: Scale, up: Scale, css: str) -> str:
    """A line that is broken where there is no value."""
    steps, pen = [], "M"
    for distance, value in values:
        if value is None:
            pen = "M"
            continue
        steps.append(f"{pen}{across(distance):.1f},{up(value):.1f}")
        pen = "L"
    return f'<path class="{css}" d="{"".join(steps)}"/>'


def _grid(
    places: list[Place], corners: list[Corner], across: Scale, up: Scale, levels: list[float], unit: str
) -> Iterator[str]:
    right, bottom = WIDTH - RIGHT, CHART_HEIGHT - BOTTOM
    for level in levels:
        y = up(level)
        yield f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="end" x="{LEFT - 6}" y="{y + 4:.1f}">{level:.6g}</text>'
    yield f'<text x="2" y="12">{unit}</text>'
    for metres in ticks(places[0].distance_m, places[-1].distance_m, 8):
        yield f'<text class="middle" x="{across(metres):.1f}" y="{bottom + 16}">{metres:.0f}</text>'
    yield f'<text class="end" x="{right}" y="{CHART_HEIGHT - 4}">metres from the line</text>'
    last = -math.inf
    for corner in corners:
        x = across(corner.apex_m)
        yield f'<line class="corner" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{bottom}"/>'
        if x - last >= LABEL_GAP:
            yield f'<text class="middle corner" x="{x:.1f}" y="{TOP - 8}">{corner.number}</text>'
            last = x


def _outside(apex: Point, around: list[Point], text: str) -> str:
    """A text on the outside of a corner: away from the middle between where the car came from and where it goes."""
    (x, y), (before, after) = apex, around
    away_x, away_y = x - (before[0] + after[0]) / 2, y - (before[1] + after[1]) / 2
    length = math.hypot(away_x, away_y) or 1
    at_x, at_y = x + LABEL_OFFSET * away_x / length, y + LABEL_OFFSET * away_y / length + 4
    return f'<text class="middle corner" x="{at_x:.1f}" y="{at_y:.1f}">{text}</text>'


def _start(point: Point, ahead: Point) -> Iterator[str]:
    """The line, and an arrow the way it is driven."""
    x, y = point
    angle = math.atan2(ahead[1] - y, ahead[0] - x)
    across = (-math.sin(angle), math.cos(angle))
    yield (
        f'<line class="start" x1="{x - 9 * across[0]:.1f}" y1="{y - 9 * across[1]:.1f}" '
        f'x2="{x + 9 * across[0]:.1f}" y2="{y + 9 * across[1]:.1f}"/>'
    )
    tip = (x + 20 * math.cos(angle) - 14 * across[0], y + 20 * math.sin(angle) - 14 * across[1])
    wings = [(tip[0] - 9 * math.cos(angle + turn), tip[1] - 9 * math.sin(angle + turn)) for turn in (0.45, -0.45)]
    corners = " ".join(f"{px:.1f},{py:.1f}" for px, py in (tip, *wings))
    yield f'<polygon class="start" points="{corners}"><title>start and finish, driven this way</title></polygon>'
