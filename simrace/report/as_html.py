"""A report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

import html
from collections.abc import Iterable, Iterator
from importlib.resources import files

from simrace.report.document import (
    Bullets,
    Cell,
    Document,
    Heading,
    Label,
    Line,
    Mark,
    Picture,
    Rule,
    Shape,
    Sheet,
    Text,
    text,
)

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body{css}>
"""
_FOOT = "<footer>{source}</footer>\n</body>\n</html>\n"


def page(title: str, parts: Iterable[str], source: str, is_wide: bool = False) -> str:
    """A whole page.

    Args:
        title: Of the window.
        parts: HTML between head and foot.
        source: How it was made, at its end.
        is_wide: Whether its tables need more room than a text.
    """
    style = files("simrace.report").joinpath("page.css").read_text(encoding="utf-8")
    head = _HEAD.format(title=html.escape(title), style=style, css=' class="wide"' if is_wide else "")
    return head + "\n".join(parts) + "\n" + _FOOT.format(source=html.escape(source))


def figure(picture: str, caption: str) -> str:
    """A picture with its caption, both of them HTML."""
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"


def svg(width: int, height: int, label: str, parts: Iterable[str]) -> str:
    """A drawing; its colours come from the page's style, so that they follow light, dark and print."""
    inside = "\n".join(parts)
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{html.escape(label)}">\n{inside}\n</svg>'


def make_html(document: Document) -> str:
    """The report as a page."""
    subtitle = f'<p class="quiet">{_text(document.subtitle)}</p>'
    parts = [f"<h1>{_text(document.title)}</h1>", subtitle, *_blocks(document)]
    return page(text(document.title), parts, document.source, is_wide=True)


def _blocks(document: Document) -> Iterator[str]:
    heading = ""
    for part in document.parts:
        match part.block:
            case Heading(heading):
                yield f"<h2>{_text(heading)}</h2>"
            case Text(paragraph, is_quiet):
                css = ' class="quiet"' if is_quiet else ""
                yield f"<p{css}>{_text(paragraph)}</p>"
            case Bullets(sentences):
                yield "<ul>" + "".join(f"<li>{_text(sentence)}</li>" for sentence in sentences) + "</ul>"
            case Sheet() as sheet:
                yield from _table(sheet, sheet.title or heading)
            case Picture() as drawn:
                made = svg(drawn.width, drawn.height, drawn.label, map(_shape, drawn.shapes))
                yield figure(scrolling(made, drawn.label), _text(drawn.caption))


def _table(sheet: Sheet, name: str) -> Iterator[str]:
    if sheet.title:
        yield f"<h3>{_text(sheet.title)}</h3>"
    kinds = [' class="number"' if sheet.is_right(n) else "" for n in range(len(sheet.columns))]
    heads = "".join(f'<th scope="col"{kind}>{column}</th>' for column, kind in zip(sheet.columns, kinds, strict=True))
    rows = [f"<table><thead><tr>{heads}</tr></thead><tbody>"]
    for row in sheet.rows:
        cells = "".join(f"<td{kind}>{_text(value)}</td>" for value, kind in zip(row, kinds, strict=True))
        rows.append(f"<tr>{cells}</tr>")
    yield scrolling("\n".join([*rows, "</tbody></table>"]), name)


def scrolling(inside: str, name: str) -> str:
    """What is wider than a narrow window, which scrolls it, by the keyboard too.

    Args:
        inside: HTML.
        name: What it is called by those who cannot see it.
    """
    return f'<div class="scrolls" role="region" tabindex="0" aria-label="{_text(name)}">{inside}</div>'


def _shape(shape: Shape) -> str:
    match shape:
        case Line(points, series):
            steps, pen = [], "M"
            for point in points:
                steps.append("" if point is None else f"{pen}{point[0]:.1f},{point[1]:.1f}")
                pen = "M" if point is None else "L"
            css = "other" if series is None else f"series{series}"
            return f'<path class="{css}" d="{"".join(steps)}"/>'
        case Rule(start, end):
            places = f'x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
            return f'<line class="grid" {places}/>'
        case Mark(at, kind):
            if kind == "ring":
                return f'<circle class="ring" cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="4"/>'
            return f'<path class="cross" d="M{at[0] - 4:.1f},{at[1] - 4:.1f}l8,8m0,-8l-8,8"/>'
        case Label(at, words, anchor, is_quiet):
            css = f"{anchor} axis" if is_quiet else f"{anchor} name"
            return f'<text class="{css}" x="{at[0]:.1f}" y="{at[1]:.1f}">{_text(words)}</text>'


def _text(value: Cell) -> str:
    return html.escape(text(value))
