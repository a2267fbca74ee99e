"""A picture of a figure that shows at once: the script of figures takes a browser seconds to load the first time."""

from base64 import b64encode
from html import escape, unescape
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from simrace.dashboard.charts import NEUTRAL
from simrace.dashboard.figures_last import are_put_off

MOST_POINTS = 600  # points of a line: more than one for each pixel would be useless
WIDTH, MARGIN, LEFT = 1000, 50, 70  # pixels, as the figure leaves them round its axes
STROKES = {"solid": "none", "dash": "9 9", "dot": "3 3", "dashdot": "9 3 3 3", "longdash": "15 6",
           "longdashdot": "15 4 3 4"}  # fmt: skip
# The figure is laid out unseen in its place, and replaces the picture when it has been drawn.
_STYLE = """<style>
.st-key-{key}_place { position: relative }
.st-key-{key}_place:not(:has(.main-svg)) .st-key-{key} { position: absolute; inset: 0; visibility: hidden }
.st-key-{key}_place:has(.main-svg) [data-testid=stMarkdown] { display: none }
</style>"""


def show_first(made: go.Figure, key: str) -> None:
    """Show the lines of a figure until it is there for the first time; call it in the container `KEY_place`, before it.

    Args:
        made: Lines in subplots under each other, with one x axis.
        key: The figure's.
    """
    place = st.empty()  # kept even when empty, so that the figure keeps its place and zoom
    shown: set[str] = st.session_state.setdefault("first_pictures", set())
    if key not in shown:
        if not are_put_off():  # else it stands in for the figure in the next run too
            shown.add(key)
        # An image in Markdown, because HTML needs another script first, and that script removes drawings.
        place.markdown(f"![](data:image/svg+xml;base64,{b64encode(draw(made).encode()).decode()})")
    st.html(_STYLE.replace("{key}", key))


def draw(made: go.Figure) -> str:
    """Draw the lines of a figure as an SVG that can be made wider and narrower.

    Args:
        made: Lines in subplots under each other, with one x axis.
    """
    height = made.layout.height
    parts = []
    for number, axis in enumerate(made.select_yaxes(), start=1):
        name = f"y{number}" if number > 1 else "y"
        lines = [line for line in made.data if (line.yaxis or "y").removesuffix("1") == name]
        bottom, top = (MARGIN + (1 - end) * (height - 2 * MARGIN) for end in axis.domain)
        # names in titles are written so that Plotly shows them letter by letter
        parts += [
            f'<text x="0" y="{top + 15 * row:.0f}">{escape(unescape(part))}</text>'
            for row, part in enumerate(axis.title.text.split("<br>"), start=1)
        ]
        parts += _paths(lines, top, bottom)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="12" fill="{NEUTRAL}">{"".join(parts)}</svg>'
    )


def _paths(lines: list[Any], top: float, bottom: float) -> list[str]:
    drawn = pd.concat(
        {
            number: pd.DataFrame({"x": pd.to_numeric(line.x), "y": pd.to_numeric(line.y)})
            for number, line in enumerate(lines)
        }
    )
    low, high = drawn.min(), drawn.max()
    scaled = (drawn - low) / (high - low).where(high > low, 1)
    places = pd.DataFrame({"x": LEFT + scaled.x * (WIDTH - LEFT), "y": bottom - scaled.y * (bottom - top)})
    return [
        f'<path d="{_path(places.loc[number:number])}" fill="none" stroke="{line.line.color}" stroke-width="2" '
        f'stroke-dasharray="{STROKES[line.line.dash]}"/>'
        for number, line in enumerate(lines)
    ]


def _path(places: pd.DataFrame) -> str:
    """The path of a line, broken where values are missing."""
    words, pen = [], "M"
    for x, y in places.iloc[:: max(1, len(places) // MOST_POINTS)].itertuples(index=False):
        if pd.isna(y):
            pen = "M"
        else:
            words.append(f"{pen}{x:.0f} {y:.1f}")
            pen = "L"
    return "".join(words)
