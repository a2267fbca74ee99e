"""Lines of cars or drivers over laps or rounds, each named at its end; the first are in colours of their own."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from simrace.report.document import Label, Line, Mark, Picture, Rule, Shape
from simrace.report.drawing import scale, ticks
from simrace.report.words import shortened

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 860, 46, 190, 18, 36
ROW = 17  # pixels from name to name at least
MOST_COLOURS = 6
LETTERS = 28  # of a name that fit beside the lines


@dataclass(frozen=True)
class Course:
    """What is drawn of a car or driver.

    Attributes:
        name: At the end of the line.
        values: By lap or round; None where there is none.
        end: Value beside which the name stands; None: the last one.
        marks: Laps with a sign on them, and which.
    """

    name: str
    values: Mapping[int, float | None]
    end: float | None = None
    marks: list[tuple[int, str]] = field(default_factory=list)


def draw(
    courses: Sequence[Course],
    label: str,
    caption: str,
    x_title: str,
    height: int,
    is_falling: bool,
    limit: float | None = None,
    are_places: bool = False,
) -> Picture | None:
    """A picture of lines; None where nothing has two values.

    Args:
        courses: In the order of their colours.
        label: What it shows, for those who cannot see it.
        caption: Below it.
        x_title: What is across.
        height: In pixels; more where the names need it.
        is_falling: Whether small values are on top.
        limit: Values beyond are left out.
        are_places: Whether values are places, each with a line of the grid.
    """
    kept = [course for course in courses if sum(value is not None for value in course.values.values()) > 1]
    within = [(lap, value) for course in kept for lap, value in course.values.items()
              if value is not None and (limit is None or value <= limit)]  # fmt: skip
    if not within:
        return None
    laps = sorted({lap for lap, _ in within})
    shown = [value for _, value in within] + [float(course.end) for course in kept if course.end is not None]
    low, high = min(shown), max(shown)
    height = max(height, round(len(kept) * ROW + TOP + BOTTOM))
    bottom = height - BOTTOM
    across = scale(laps[0], laps[-1], LEFT, WIDTH - RIGHT)
    up = scale(low, high, *((TOP, bottom) if is_falling else (bottom, TOP)))
    levels = [float(n) for n in range(math.ceil(low), math.floor(high) + 1)] if are_places else ticks(low, high, 6)
    shapes: list[Shape] = [
        *_grid(levels, laps, across, up, height),
        Label((WIDTH - RIGHT, height - 4), x_title, "end"),
    ]
    names, marks = [], []
    for number, course in reversed(list(enumerate(kept))):
        values = {
            lap: value for lap, value in course.values.items() if value is None or limit is None or value <= limit
        }
        points = [None if (value := values.get(lap)) is None else (across(lap), up(value)) for lap in laps]
        shapes.append(Line(points, number if number < MOST_COLOURS else None))
        for lap, kind in course.marks if number < MOST_COLOURS else ():
            if (value := values.get(lap)) is not None:
                marks.append(Mark((across(lap), up(value)), kind))
        last = max(lap for lap, value in course.values.items() if value is not None)
        if course.end is not None:
            names.append((up(course.end), course.name, number < MOST_COLOURS))
        elif (value := values.get(last)) is not None and last >= laps[-1] - 1:  # else it is not there at the end
            names.append((up(value), course.name, number < MOST_COLOURS))
    return Picture(WIDTH, height, label, [*shapes, *marks, *_names(names, bottom)], caption)


def _grid(
    levels: list[float], laps: list[int], across: Callable[[float], float], up: Callable[[float], float], height: int
) -> Iterator[Shape]:
    bottom = height - BOTTOM
    for level in levels:
        yield Rule((LEFT, up(level)), (WIDTH - RIGHT, up(level)))
        yield Label((LEFT - 8, up(level) + 4), f"{level:.6g}", "end")
    for lap in ticks(laps[0], laps[-1], 12):
        if lap == int(lap):
            yield Label((across(lap), bottom + 18), f"{lap:.0f}", "middle")


def _names(names: list[tuple[float, str, bool]], bottom: float) -> Iterator[Label]:
    """Names at the ends of their lines, moved apart where they would lie on each other."""
    placed: list[float] = []
    ordered = sorted(names, key=lambda one: (one[0], one[1]))
    for y, _, _ in ordered:
        placed.append(max(y, placed[-1] + ROW - 3) if placed else y)
    for number in reversed(range(len(placed))):  # whoever was pushed below the foot pushes back
        foot = bottom if number == len(placed) - 1 else placed[number + 1] - (ROW - 3)
        placed[number] = min(placed[number], foot)
    for y, (_, name, is_coloured) in zip(placed, ordered, strict=True):
        yield Label((WIDTH - RIGHT + 8, y + 4), shortened(name, LETTERS), is_quiet=not is_coloured)
