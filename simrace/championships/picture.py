"""Tables as a picture, for chats that show no tables."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.errors import ReadableError

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

# Fonts of Linux, Windows and macOS, those with many alphabets first. After them comes Pillow's own, of English letters.
FONTS = ("NotoSans-Regular.ttf", "DejaVuSans.ttf", "segoeui.ttf", "Arial Unicode.ttf", "arial.ttf", "Helvetica.ttc")
SIZE, ROW, GAP, EDGE = 22, 36, 28, 32  # pixels
INK, PALE, LINE, PAPER = "#1b1f23", "#57606a", "#d8dde3", "#ffffff"
MOST_PIXELS = 40_000_000


class PictureError(ReadableError):
    """The picture cannot be drawn; the text says why, and the way out."""


# Title, names of columns, rows of cells, and which columns stand on the right.
Table = tuple[str, tuple[str, ...], list[tuple[str, ...]], list[bool]]


def draw(name: str, tables: Iterable[Table], font: Path | None) -> bytes:
    """Draw tables below each other.

    Args:
        name: Above them all.
        tables: What is drawn.
        font: File of a font; None for one of the system.

    Returns:
        A PNG.

    Raises:
        PictureError: Pillow is not installed, the font cannot be read, it lacks letters, or the tables are too long.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise PictureError('A picture needs Pillow: pip install "simrace[dashboard]"') from error
    written = _font(font)
    tables = list(tables)
    texts = [name]
    for title, columns, rows, _ in tables:
        texts += [title, *columns, *(cell for row in rows for cell in row)]
    _require(written, "".join(texts))
    widths = [
        [max(int(written.getlength(text)) for text in column) for column in zip(columns, *rows, strict=True)]
        for _, columns, rows, _ in tables
    ]
    longest = max(int(written.getlength(text)) for text in (name, *(title for title, *_ in tables)))
    width = 2 * EDGE + max(longest, *(sum(each) + GAP * (len(each) - 1) for each in widths))
    height = 2 * EDGE + ROW + sum((len(rows) + 3) * ROW for _, _, rows, _ in tables)
    if width * height > MOST_PIXELS:
        raise PictureError("The tables are too long for a picture; publish them as HTML.")
    picture = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(picture)
    pen.text((EDGE, EDGE), name, INK, written)
    top = EDGE + ROW
    for (title, columns, rows, on_right), its_widths in zip(tables, widths, strict=True):
        pen.text((EDGE, top + ROW // 2), title, PALE, written)
        top += ROW + ROW // 2
        for number, row in enumerate([columns, *rows]):
            left = EDGE
            for cell, its_width, is_right in zip(row, its_widths, on_right, strict=True):
                shift = its_width - int(written.getlength(cell)) if is_right else 0
                pen.text((left + shift, top), cell, INK if number else PALE, written)
                left += its_width + GAP
            pen.line((EDGE, top + ROW - 6, width - EDGE, top + ROW - 6), LINE)
            top += ROW
        top += ROW // 2
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _font(file: Path | None) -> "FreeTypeFont":
    from PIL import ImageFont

    for each in FONTS if file is None else (str(file),):
        try:
            return ImageFont.truetype(each, SIZE)
        except OSError as error:
            if file is not None:
                raise PictureError(f"{file} cannot be read as a font: {error}") from error
    default = ImageFont.load_default(SIZE)
    if not isinstance(default, ImageFont.FreeTypeFont):
        raise PictureError("Pillow is installed without FreeType; publish the tables as HTML.")
    return default


def _require(font: "FreeTypeFont", text: str) -> None:
    """Refuse letters that the font has not, which would be boxes."""
    lacking = bytes(font.getmask("\uffff"))
    missing = sorted(letter for letter in set(text) if letter != " " and bytes(font.getmask(letter)) == lacking)
    if missing:
        raise PictureError(
            f"The font {font.getname()[0]} has no {' '.join(missing[:20])}: name the file of one that has with --font, "
            "or publish as HTML."
        )
