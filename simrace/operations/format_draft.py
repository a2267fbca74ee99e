"""Draft the declaration of a text logger that nobody knows, from what is seen in its first lines.

A person confirms it: what a channel means is proposed as a comment, where another format has it by name and unit. A
unit is never guessed.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingestion.formats.lines import SPACES, cells, is_blank
from ingestion.formats.text_log.cells import FORMS
from ingestion.reading import Content

_LINES = 256
_DELIMITERS = (",", ";", "\t", SPACES)
_COMMENTS = ("#", "//", "%")
_SECTION = re.compile(r"\[([^\[\]]+)\]")
_UNITS = {"()": re.compile(r"(.*?)\s*\(([^()]*)\)"), "[]": re.compile(r"(.*?)\s*\[([^\[\]]*)\]")}
_OF_TIME = re.compile(r"time|zeit|temps|clock|stamp|elapsed|^t$|\bms\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Seen:
    """What one delimiter shows: rows, and where names and data are."""

    delimiter: str
    rows: list[list[str]]
    names: int
    data: int
    score: int


@dataclass(frozen=True)
class Known:
    """What a format says of a channel of that name and unit: its canonical channel, factor and offset."""

    channel: str
    factor: str
    offset: str
    source_format: str


def draft(content: Content, name: str, known: dict[tuple[str, str], Known]) -> str | None:
    """The declaration of a file as TOML; None where no table of numbers is seen.

    Args:
        content: Of a text.
        name: What to call the format.
        known: What other formats say, by name and unit in lower case.
    """
    lines = [line.rstrip("\r") for line in content.head.split("\n", _LINES)[:_LINES]]
    comment = next((mark for mark in _COMMENTS if any(line.lstrip().startswith(mark) for line in lines)), "")
    found = [seen for delimiter in _DELIMITERS if (seen := _look(lines, delimiter, comment))]
    if not found:
        return None
    seen = max(found, key=lambda each: each.score)
    sections = [
        (place, match[1].lower())
        for place, line in enumerate(lines)
        if (match := _SECTION.fullmatch(line.strip())) and place < seen.data
    ]
    names, written = list(seen.rows[seen.names]), [f"[{name}]", f"title = {_text(name)}", f"sim = {_text(name)}"]
    units: Sequence[str] = []
    if sections:
        section = sections[-1][1]
        begin, header = _section_of_names(lines, sections, len(seen.rows[seen.data]))
        names = [line.strip() for line in lines[begin + 1 :] if line.strip()][: len(seen.rows[seen.data])]
        written += [f"has_rows = [{_text('[' + header + ']')}, {_text('[' + section + ']')}]"]
        written += [f"header = {_text(header)}", f"data = {_text(section)}"]
    else:
        first = next(place for place, row in enumerate(seen.rows) if not is_blank(row))
        is_comment = bool(comment) and seen.rows[first][0].startswith(comment)
        if first == seen.names or is_comment:
            told = [each for each in names if each][:4]
            written += [f"header_names = [{', '.join(map(_text, told))}]", 'header = "first_row"']
        else:
            written += [f"first_row = [{_text(seen.rows[first][0])}]"]
            blank = next((place for place, row in enumerate(seen.rows) if is_blank(row)), None)
            after = blank is not None and all(is_blank(row) for row in seen.rows[blank : seen.names])
            written += ['header = "after_preamble"' if after else f"header = {_text(names[0])}"]
        if seen.data - seen.names > 1 and not is_blank(seen.rows[seen.names + 1]):
            row = seen.rows[seen.names + 1]
            if not (comment and row[0].startswith(comment)):
                written.append('below = ["units"]')
                units = row
    written.append(f"delimiters = [{_text(seen.delimiter)}]")
    if comment:
        written.append(f"comment = {_text(comment)}")
    pairs = [(each, units[place] if place < len(units) else "") for place, each in enumerate(names)]
    for kind, pattern in _UNITS.items():
        if sum(bool(pattern.fullmatch(each)) for each in names) * 3 >= len([each for each in names if each]):
            written.append(f"unit_in_name = {_text(kind)}")
            pairs = [(match[1], match[2]) if (match := pattern.fullmatch(each)) else (each, "") for each in names]
            break
    rows = [row for row in seen.rows[seen.data :] if len(row) == len(seen.rows[seen.data])]
    written += _clock(pairs, rows)
    if any(not cell for row in rows for cell in row):
        written.append('# blank = "unchanged"  # if an empty cell stands for the value before; else it is no value')
    written.append("channels = [")
    for each, unit in pairs:
        if each:
            written.append(_channel(each, unit, known.get((each.lower(), unit.lower())) if unit else None))
    return "\n".join([*written, "]", ""])


def _look(lines: Iterable[str], delimiter: str, comment: str) -> _Seen | None:
    rows = [cells(line, delimiter, True) for line in lines]
    places = [
        place for place, row in enumerate(rows) if not is_blank(row) and not (comment and row[0].startswith(comment))
    ]
    counts = Counter(len(rows[place]) for place in places if _is_data(rows[place], delimiter))
    if not counts or (width := counts.most_common(1)[0][0]) < 2:
        return None
    data = [place for place in places if len(rows[place]) == width and _is_data(rows[place], delimiter)]
    # rows of a preamble can look like data: what is not followed by more of it is none
    start = next((place for place, after in zip(data, data[2:], strict=False) if after - place < 8), None)
    if start is None:
        return None
    above = [place for place in places if place < start and abs(len(rows[place]) - width) <= 1]
    run = above[-1:]
    while len(above) > len(run) and run[0] - above[-len(run) - 1] == 1 and len(run) < 2:
        run.insert(0, above[-len(run) - 1])
    if len(run) == 2 and (len(set(filter(None, rows[run[0]]))) < 2 or any("=" in cell for cell in rows[run[0]])):
        run = run[1:]
    if not run:
        run = [max(start - 1, 0)]
    numbers = sum(_is_number(cell, delimiter) for place in data for cell in rows[place])
    return _Seen(delimiter, rows, run[0], start, numbers)


def _is_data(row: Sequence[str], delimiter: str) -> bool:
    filled = [cell for cell in row if cell]
    return len(filled) > 1 and 2 * sum(_is_number(cell, delimiter) for cell in filled) >= len(filled)


def _is_number(cell: str, delimiter: str) -> bool:
    text = cell.replace(",", ".") if delimiter != "," else cell
    return any((value := FORMS[form](text)) == value for form in ("number", "clock", "moment"))


def _section_of_names(lines: Sequence[str], sections: list[tuple[int, str]], width: int) -> tuple[int, str]:
    """The section before the data that has as many lines as there are columns, else the first."""
    for (begin, name), (end, _) in pairwise(sections):
        if sum(bool(line.strip()) for line in lines[begin + 1 : end]) == width:
            return begin, name
    return sections[0]


def _clock(pairs: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]) -> list[str]:
    candidates = [place for place, (name, _) in enumerate(pairs) if _OF_TIME.search(name)] or [0]
    for place in candidates:
        told = [row[place].replace(",", ".") for row in rows if place < len(row) and row[place]]
        if len(told) < 2 or not pairs[place][0]:
            continue
        form = _form(told, pairs[place][1])
        values = [value for cell in told if (value := FORMS[form](cell)) == value]
        if len(values) < len(told) * 0.9:
            continue
        steps = [after - before for before, after in pairwise(values)]
        options = ", from_first = true" if form in ("seconds", "milliseconds") and values[0] > 1 else ""
        if steps.count(0) * 2 > len(steps):
            options += ", repeats = true"
        forward = "it goes forward" if min(steps) >= 0 else f"it goes back {sum(step < 0 for step in steps)} times"
        return [
            f"# The clock, to be confirmed: {forward} in the first {len(values)} rows, from {told[0]} to {told[-1]}.",
            f"clock = {{ columns = [{_text(pairs[place][0])}], form = {_text(form)}{options} }}",
        ]
    return ["# No clock is seen: name the column that has the time, or how many rows there are in a second.",
            '# clock = { columns = ["Time"] }', "# clock = { rate_hz = 20 }"]  # fmt: skip


def _form(told: Sequence[str], unit: str) -> str:
    first = told[0]
    if re.search(r"\d{4}-\d|\d{4}/\d|[a-z]{3}", first, re.IGNORECASE):
        return "moment"
    if ":" in first:
        return "clock_of_day" if re.match(r"\d{1,2}:\d{2}:\d{2}", first) else "clock"
    if all(re.fullmatch(r"\d{6}\.\d+", cell) for cell in told):
        return "clock_digits"
    number = FORMS["number"](first)
    if number > 1e11:
        return "unix_milliseconds"
    if number > 1e9:
        return "unix_seconds"
    return "milliseconds" if unit.lower() in ("ms", "msec") else "seconds"


def _channel(name: str, unit: str, known: Known | None) -> str:
    of_file = f"name = {_text(name)}" + (f", unit = {_text(unit)}" if unit else "")
    if known is None:
        return f'    # {{ {of_file}, channel = "" }},'
    factor = f", factor = {known.factor}" if float(known.factor) != 1 else ""
    offset = f", offset = {known.offset}" if float(known.offset) else ""
    return (
        f"    # {{ {of_file}, channel = {_text(known.channel)}{factor}{offset} }},  # so it is in {known.source_format}"
    )


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
