"""A report as a file: a page to print, a text for a chat or forum, a picture, or tables for a spreadsheet."""

from enum import StrEnum
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.report.as_html import make_html
from simrace.report.as_picture import make_png
from simrace.report.as_text import make_csv, make_markdown
from simrace.report.document import Document


class Format(StrEnum):
    """Kinds of files."""

    MD = "md"
    CSV = "csv"
    HTML = "html"
    PNG = "png"


def format_of(file: Path | None) -> Format | None:
    """The kind that a file's name says; None where it says none."""
    suffix = file.suffix.lower().removeprefix(".") if file else ""
    return next((each for each in Format if each == suffix), None)


def written(connection: Connection, document: Document, kind: Format, font: Path | None = None) -> bytes:
    """The bytes of a report; texts are UTF-8.

    Args:
        connection: To the warehouse that it was made from.
        document: The report.
        kind: Of the file.
        font: File of a font for a picture; None for one of the system.

    Raises:
        PictureError: a picture is asked, and cannot be drawn.
    """
    match kind:
        case Format.HTML:
            return make_html(document).encode()
        case Format.MD:
            return make_markdown(document).encode()
        case Format.PNG:
            return make_png(document, font)
        case Format.CSV:
            with connection, connection.cursor() as cursor:
                return make_csv(cursor, document).encode()
