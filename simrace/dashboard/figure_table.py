"""What a figure shows as a table, for those who cannot see it and those who want the numbers."""

import html
import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go

MOST_ROWS = 5_000  # a longer table is thinned evenly: nobody reads more, and a browser holds it
_LINE_BREAK = re.compile("<br>")


def as_table(made: go.Figure) -> pd.DataFrame:
    """The points of a figure's lines, bars and boxes.

    Args:
        made: The figure.

    Returns:
        One row per point: the series, the axis it is on where there are several, x and y under their axes' titles.
    """
    several = len(list(made.select_yaxes())) > 1
    x_title = _title(next(made.select_xaxes()).title.text) or "x"
    y_title = "Value" if several else _title(next(made.select_yaxes()).title.text) or "y"
    parts = []
    for line in made.data:
        if line.hoverinfo == "skip":  # decoration
            continue
        y = [] if line.y is None else list(line.y)
        x = list(range(1, len(y) + 1)) if line.x is None else list(line.x)
        part = pd.DataFrame({x_title: x, y_title: y})
        part.insert(0, "Series", html.unescape(line.name or ""))
        if several:
            axis = made.layout[f"yaxis{(line.yaxis or 'y').removeprefix('y').removeprefix('1')}"]
            part.insert(1, "Figure", _title(axis.title.text))
        if line.marker is not None and isinstance(line.marker.color, tuple | list | np.ndarray | pd.Series):
            bar = line.marker.colorbar.title.text
            part[_title(bar) or "Colour"] = list(line.marker.color)
        parts.append(part.dropna(subset=y_title))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    step = -(-len(table) // MOST_ROWS) or 1
    table = table.iloc[::step]
    return table.drop(columns=[name for name in ("Series",) if name in table and not table[name].any()])


def _title(text: str | None) -> str:
    return _LINE_BREAK.sub(", ", text or "")
