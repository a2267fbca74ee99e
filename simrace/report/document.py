"""What a report of a race or round is made of, before it is a page, a text or a picture; names are data, no markup."""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from simrace.championships.steps import plain

_NUMBER = re.compile(r"=|new|\(?[-+]?\d[\d:.]*\)?( laps?| s)?")
Cell = str | int | Decimal | None


@dataclass(frozen=True)
class Heading:
    """Begins a part."""

    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph; a quiet one is a note."""

    text: str
    is_quiet: bool = False


@dataclass(frozen=True)
class Bullets:
    """Sentences, one below the other."""

    sentences: list[str]


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        title: What it shows; blank under a heading that says it.
        columns: Names of its columns.
        rows: Its cells; numbers stand on the right.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]

    def is_number(self, column: int) -> bool:
        """Whether a column has numbers alone."""
        return any(row[column] is not None for row in self.rows) and not any(
            isinstance(row[column], str) for row in self.rows
        )

    def is_right(self, column: int) -> bool:
        """Whether its cells stand on the right: numbers, and what is written like one, such as 1:43.210."""
        cells = [row[column] for row in self.rows if row[column] not in (None, "")]
        return bool(cells) and all(not isinstance(cell, str) or _NUMBER.fullmatch(cell) for cell in cells)

    def without_empty_columns(self) -> "Sheet":
        """The table with those columns alone that say something."""
        kept = [n for n in range(len(self.columns)) if any(row[n] not in (None, "") for row in self.rows)]
        rows = [tuple(row[n] for n in kept) for row in self.rows]
        return Sheet(self.title, tuple(self.columns[n] for n in kept), rows)


@dataclass(frozen=True)
class Line:
    """A line through points, broken where there is none.

    Attributes:
        points: Its places on the picture.
        series: Number of its colour and dash, counted from 0; None is grey.
    """

    points: list[tuple[float, float] | None]
    series: int | None = None


@dataclass(frozen=True)
class Rule:
    """A thin line of the grid from one place to another."""

    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True)
class Mark:
    """A sign on a line: `ring` or `cross`."""

    at: tuple[float, float]
    kind: str


@dataclass(frozen=True)
class Label:
    """A text on a picture.

    Attributes:
        at: Foot of its beginning, middle or end.
        text: What it says.
        anchor: start, middle or end.
        is_quiet: Whether it is of an axis.
    """

    at: tuple[float, float]
    text: str
    anchor: str = "start"
    is_quiet: bool = True


Shape = Line | Rule | Mark | Label


@dataclass(frozen=True)
class Picture:
    """A drawing.

    Attributes:
        width: In pixels.
        height: In pixels.
        label: What it shows, for those who cannot see it.
        shapes: Later ones lie above earlier ones.
        caption: Below it.
    """

    width: int
    height: int
    label: str
    shapes: list[Shape]
    caption: str


@dataclass(frozen=True)
class Part:
    """A block of the report, and whether it is a detail: a picture for a chat leaves details out."""

    block: "Heading | Text | Bullets | Sheet | Picture"
    is_detail: bool = False


@dataclass
class Document:
    """A report.

    Attributes:
        title: Above it all.
        subtitle: Of what it is.
        source: How it was made, at its end.
        parts: Its blocks in order.
    """

    title: str
    subtitle: str
    source: str
    parts: list[Part] = field(default_factory=list)

    def add(self, *blocks: "Heading | Text | Bullets | Sheet | Picture", is_detail: bool = False) -> None:
        """Add blocks at the end."""
        self.parts += [Part(block, is_detail) for block in blocks]


def text(cell: Cell) -> str:
    """A cell as it is read: without what breaks a line or turns the writing round, which is no part of a name."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return plain(cell)
    return "".join(letter if letter.isprintable() else " " for letter in str(cell)).strip()
