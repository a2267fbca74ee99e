"""A report as a picture, for chats that show no tables; details are left out."""

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingestion.errors import ReadableError
from simrace.report.document import Bullets, Document, Heading, Label, Line, Mark, Picture, Rule, Sheet, Text, text

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

# Fonts of Linux, Windows and macOS, those with many alphabets first. After them comes Pillow's own, of English letters.
FONTS = ("NotoSans-Regular.ttf", "DejaVuSans.ttf", "segoeui.ttf", "Arial Unicode.ttf", "arial.ttf", "Helvetica.ttc")
SIZE, TITLE_SIZE, ROW, GAP, EDGE = 22, 32, 36, 28, 32  # pixels
SCALE = 2  # of drawings, whose letters are 11 pixels high
SMOOTH = 2  # drawn so much larger first: Pillow's lines have steps
INK, PALE, LINE, PAPER = "#1c1c1c", "#5c5c5c", "#d9d9d9", "#ffffff"  # as in page.css
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # as there
DASHES: tuple[tuple[float, ...], ...] = ((), (7, 3), (2, 3), (8, 3, 2, 3), (12, 3), (12, 3, 2, 3))  # as there
OTHER = "#b4b4b4"
MOST_PIXELS = 40_000_000


class PictureError(ReadableError):
    """The picture cannot be drawn; the text says why, and the way out."""


@dataclass(frozen=True)
class _Strip:
    """A part of the picture over its whole width.

    Attributes:
        width: That it needs.
        height: That it takes.
        draw: Puts it on a picture, its top at so many pixels.
    """

    width: int
    height: int
    draw: Callable[[Any, int], None]


def make_png(document: Document, font: Path | None = None) -> bytes:
    """The report as a picture.

    Args:
        document: The report.
        font: File of a font; None for one of the system.

    Returns:
        A PNG.

    Raises:
        PictureError: Pillow is not installed, the font cannot be read, it lacks letters, or the report is too long.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise PictureError('A picture needs Pillow: pip install "simrace[dashboard]"') from error
    blocks = [part.block for part in document.parts if not part.is_detail]
    written, large = _font(font, SIZE), _font(font, TITLE_SIZE)
    _require(
        written,
        "".join([text(document.title), text(document.subtitle), *(word for block in blocks for word in _words(block))]),
    )
    tables = [_table(block.without_empty_columns(), written) for block in blocks if isinstance(block, Sheet)]
    drawings = [block.width * SCALE for block in blocks if isinstance(block, Picture)]
    inside = max([900, int(large.getlength(text(document.title))), *(strip.width for strip in tables), *drawings])
    strips = [_lines(document.title, large, INK, inside), _lines(document.subtitle, written, PALE, inside)]
    following = iter(tables)
    for block in blocks:
        match block:
            case Sheet(title):
                strips += [
                    *([_lines(title, written, PALE, inside)] if title else []),
                    next(following),
                    _space(ROW // 2),
                ]
            case Picture() as drawn:
                strips += [_drawing(drawn, font), _lines(drawn.caption, written, PALE, inside), _space(ROW // 2)]
            case Heading(heading):
                strips += [_space(ROW // 2), _lines(heading, large, INK, inside)]
            case Text(paragraph, is_quiet):
                strips.append(_lines(paragraph, written, PALE if is_quiet else INK, inside))
            case Bullets(sentences):
                strips += [_lines(sentence, written, INK, inside, bullet="•") for sentence in sentences]
    width, height = inside + 2 * EDGE, sum(strip.height for strip in strips) + 2 * EDGE
    if width * height > MOST_PIXELS:
        raise PictureError("The report is too long for a picture; write it as HTML.")
    picture, top = Image.new("RGB", (width, height), PAPER), EDGE
    for strip in strips:
        strip.draw(picture, top)
        top += strip.height
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _words(block: object) -> Iterator[str]:
    match block:
        case Sheet(title, columns, rows):
            yield from (text(title), *columns, *(text(cell) for row in rows for cell in row))
        case Picture() as drawn:
            yield text(drawn.caption)
            yield from (text(shape.text) for shape in drawn.shapes if isinstance(shape, Label))
        case Heading(words) | Text(words):
            yield text(words)
        case Bullets(sentences):
            yield from map(text, sentences)


def _space(height: int) -> _Strip:
    return _Strip(0, height, lambda picture, top: None)


def _lines(words: str, font: "FreeTypeFont", ink: str, width: int, bullet: str = "") -> _Strip:
    """Words that go on in the next line where they reach the edge."""
    from PIL import ImageDraw

    indent, lines = int(font.getlength(f"{bullet} ")) if bullet else 0, [""]
    for word in text(words).split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width - indent:
            lines.append(word)
        else:
            lines[-1] = longer
    step = round(font.size * ROW / SIZE)

    def draw(picture: Any, top: int) -> None:
        pen = ImageDraw.Draw(picture)
        if bullet:
            pen.text((EDGE, top), bullet, ink, font)
        for number, line in enumerate(lines):
            pen.text((EDGE + indent, top + number * step), line, ink, font)

    return _Strip(0, step * len(lines), draw)


def _table(sheet: Sheet, font: "FreeTypeFont") -> _Strip:
    from PIL import ImageDraw

    rows = [sheet.columns, *(tuple(text(cell) for cell in row) for row in sheet.rows)]
    on_right = [sheet.is_right(n) for n in range(len(sheet.columns))]
    widths = [max(int(font.getlength(cell)) for cell in column) for column in zip(*rows, strict=True)]

    def draw(picture: Any, top: int) -> None:
        pen = ImageDraw.Draw(picture)
        for number, row in enumerate(rows):
            left = EDGE
            for cell, width, is_right in zip(row, widths, on_right, strict=True):
                shift = width - int(font.getlength(cell)) if is_right else 0
                pen.text((left + shift, top), cell, INK if number else PALE, font)
                left += width + GAP
            pen.line((EDGE, top + ROW - 6, left - GAP, top + ROW - 6), LINE)
            top += ROW

    return _Strip(sum(widths) + GAP * (len(widths) - 1), len(rows) * ROW, draw)


def _drawing(drawn: Picture, font: Path | None) -> _Strip:
    from PIL import Image

    def draw(picture: Any, top: int) -> None:
        factor = SCALE * SMOOTH
        large = Image.new("RGB", (drawn.width * factor, drawn.height * factor), PAPER)
        _draw_shapes(large, drawn, factor, _font(font, SIZE * SMOOTH))
        size = (drawn.width * SCALE, drawn.height * SCALE)
        picture.paste(large.resize(size, Image.Resampling.LANCZOS), (EDGE, top))

    return _Strip(drawn.width * SCALE, drawn.height * SCALE, draw)


def _draw_shapes(picture: Any, drawn: Picture, factor: int, font: "FreeTypeFont") -> None:
    from PIL import ImageDraw

    pen = ImageDraw.Draw(picture)

    def at(point: tuple[float, float]) -> tuple[float, float]:
        return point[0] * factor, point[1] * factor

    for shape in drawn.shapes:
        match shape:
            case Line(points, series):
                colour = OTHER if series is None else COLOURS[series % len(COLOURS)]
                for run in _runs(points):
                    for dash in _dashes(run, () if series is None else DASHES[series % len(DASHES)]):
                        width = factor if series is None else 2 * factor
                        pen.line([at(point) for point in dash], colour, width, joint="curve")
            case Rule(start, end):
                pen.line([at(start), at(end)], LINE, factor)
            case Mark((x, y), "ring"):
                pen.ellipse([at((x - 4, y - 4)), at((x + 4, y + 4))], PAPER, INK, 3 * factor // 2)
            case Mark((x, y)):
                for lean in (4, -4):
                    pen.line([at((x - 4, y - lean)), at((x + 4, y + lean))], INK, 2 * factor)
            case Label(place, words, anchor, is_quiet):
                sides = {"start": "ls", "middle": "ms", "end": "rs"}
                pen.text(at(place), text(words), PALE if is_quiet else INK, font, anchor=sides[anchor])


def _runs(points: list[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    """The parts of a line that are not broken."""
    run: list[tuple[float, float]] = []
    for point in [*points, None]:
        if point is not None:
            run.append(point)
        elif run:
            yield run
            run = []


def _dashes(points: list[tuple[float, float]], lengths: tuple[float, ...]) -> Iterator[list[tuple[float, float]]]:
    """The parts of a line that are drawn: dashes and gaps take turns."""
    if not lengths:
        yield points
        return
    number, left, dash = 0, lengths[0], [points[0]]
    for start, end in pairwise(points):
        length, done = math.dist(start, end), 0.0
        while length - done > left:
            done += left
            share = done / length
            place = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
            if number % 2 == 0:
                yield [*dash, place]
            number += 1
            left, dash = lengths[number % len(lengths)], [place]
        left -= length - done
        dash.append(end)
    if number % 2 == 0:
        yield dash


def _font(file: Path | None, size: int) -> "FreeTypeFont":
    from PIL import ImageFont

    for each in FONTS if file is None else (str(file),):
        try:
            return ImageFont.truetype(each, size)
        except OSError as error:
            if file is not None:
                raise PictureError(f"{file} cannot be read as a font: {error}") from error
    default = ImageFont.load_default(size)
    if not isinstance(default, ImageFont.FreeTypeFont):
        raise PictureError("Pillow is installed without FreeType; write the report as HTML.")
    return default


def _require(font: "FreeTypeFont", words: str) -> None:
    """Refuse letters that the font has not, which would be boxes."""
    lacking = bytes(font.getmask("\uffff"))
    missing = sorted(letter for letter in set(words) if letter != " " and bytes(font.getmask(letter)) == lacking)
    if missing:
        raise PictureError(
            f"The font {font.getname()[0]} has no {' '.join(missing[:20])}: name the file of one that has with --font, "
            "or write the report as HTML."
        )
