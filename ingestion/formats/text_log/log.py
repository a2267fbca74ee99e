"""A text logger's file as a log: its columns as channels, its clock as the times of their samples.

A column that is filled in every row has the times of the rows. One that is not has times of its own, which columns with
the same empty cells share. Where an empty cell stands for a value that did not change, the filled ones are events.

Beside the columns there are channels whose `role` says what they are. SQL knows them by it:

* `clock`: times of the rows, in seconds since the start of the log
* `times`: times of the filled cells of columns
* `line`: number of the line of each row, from 1
* `fault`: what is wrong with a row: 1 for a wrong number of cells, 2 for no clock. It is there only if something is.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, pairwise

import numpy as np
import numpy.typing as npt

from ingestion.formats.logs.log import BLOCK_SAMPLES, Block, Channel, Document, Log, ValueType
from ingestion.formats.text_log.cells import FORMS, OF_A_DATE, OF_THE_DAY, WORDS, has_zone, number, numbers, unit_of
from ingestion.formats.text_log.clock import row_times
from ingestion.formats.text_log.reading import TOLD, Reading
from ingestion.formats.text_log.sheet import Column, NumberedRow, Sheet
from ingestion.reading import Reason, RefusedError

WRONG_CELLS, NO_CLOCK = 1, 2
MAX_ROWS = 5_000_000  # half a day at 100 rows a second
MAX_SORTED_ROWS = 500_000  # half a GB of them
_FIRST_ROWS = 200
_CUT = "\0"  # in no text that is landed
_DATE_AND_TIME = re.compile(r"(.*?\d)(?:[,\s]|\s(?:@|at)\s)+(\d{1,2}:\d{2}.*)")
# Rows that lie further apart than this are none of one drive.
_PAUSE_STEPS, _PAUSE_S = 10, 1.0
_SLOWEST_HZ = 1e-6  # of a clock that cannot be; SQL divides by it

Numbers = npt.NDArray[np.float64]
Filled = npt.NDArray[np.bool_]


class TextLog(Log):
    """The rows of a text that was recognised, as a log.

    Attributes:
        row_count: Rows of the drive: data lines without pauses.
    """

    def __init__(self, read_rows: Callable[[], Iterable[NumberedRow]], sheet: Sheet, reading: Reading) -> None:
        """Read the rows once: which cells are filled, what the clock says, which columns say one thing throughout.

        Args:
            read_rows: Gives the rows of the file from its first, as often as it is asked.
            sheet: The columns, and what stands before them.
            reading: What the declaration says.

        Raises:
            RefusedError: no_data, without a row; malformed, without a clock; known_not_supported, with several drives;
                too_large.
        """
        self._read_rows, self._sheet, self._reading = read_rows, sheet, reading
        names = [(name, column.place) for column in sheet.columns for name in (column.name, _full(column))]
        self._places = dict(reversed(names))  # of a name that stands there twice the first counts
        self._pauses = {
            place: texts for name, texts in reading.only.items() if (place := self._places.get(name)) is not None
        }
        # place of the column that says whether cells are new, by the place of theirs
        self._fresh = {
            place: flag
            for flag_name, names_of_flag in reading.fresh.items()
            if (flag := self._places.get(flag_name)) is not None
            for name in names_of_flag
            if (place := self._places.get(name)) is not None
        }
        self._decimal_comma = self._has_decimal_commas()
        self._words = WORDS | dict(reading.words)
        self._no_value = {
            place: numbers
            for name, numbers in reading.no_value.items()
            if (place := self._places.get(name)) is not None
        }
        clock_place, date_place = self._place(reading.clock.columns), self._place(reading.clock.date_columns)
        self._clock_place, self._date_place = clock_place, date_place
        self._has_zone: dict[int | None, bool] = {}
        if reading.clock.is_unsorted and clock_place is not None:
            self._sort(clock_place)
        self._survey(clock_place, date_place)
        if not self.row_count:
            raise RefusedError(Reason.NO_DATA, "no row of data under its header")
        told = self._told()
        self._times = self._row_times(clock_place, told)
        self.channels = self._channels()
        self.documents = [self._document(told)]
        self.span_s = 1  # blocks are cut by rows

    def _survey(self, clock_place: int | None, date_place: int | None) -> None:
        columns = self._sheet.columns
        filled_counts = np.zeros(len(columns), np.int64)
        digests = [hashlib.sha256() for _ in columns]
        has_number = np.zeros(len(columns), np.bool_)
        has_word = np.zeros(len(columns), np.bool_)
        constants: list[str | None] = []
        units: list[str] = [""] * len(columns)
        clocks: list[Numbers] = []
        dates: list[Numbers] = []
        faults: list[npt.NDArray[np.int32]] = []
        lines: list[npt.NDArray[np.int32]] = []
        rows_read = 0
        for numbers_of_lines, rows in self._row_blocks():
            rows_read += len(rows)
            if rows_read > MAX_ROWS:
                raise RefusedError(Reason.TOO_LARGE, f"over {MAX_ROWS:,} rows")
            fault = np.array([WRONG_CELLS if row is None else 0 for row in rows], np.int32)
            if clock_place is not None:
                clock, has_clock = self._values(clock_place, rows, self._reading.clock.form)
                fault[(fault == 0) & ~has_clock] = NO_CLOCK
                clocks.append(clock)
                self._note_zone(clock_place, clock, rows)
            if date_place is not None:
                date, _ = self._values(date_place, rows, self._reading.clock.date_form)
                dates.append(date)
                self._note_zone(date_place, date, rows)
            faults.append(fault)
            lines.append(np.array(numbers_of_lines, np.int32))
            whole = [row for row in rows if row is not None]
            for index, column in enumerate(columns):
                values, filled = self._values(column.place, rows, self._form(column))
                filled_counts[index] += filled.sum()
                digests[index].update(np.packbits(filled).tobytes())
                has_number[index] |= bool((filled & ~np.isnan(values)).any())
                has_word[index] |= bool((filled & np.isnan(values)).any())
                if not units[index] and whole and self._form(column) == "number_with_unit":
                    units[index] = next(filter(None, (unit_of(row[column.place]) for row in whole)), "")
            if whole:
                if not constants:
                    constants = [whole[0][column.place] for column in columns]
                for index, column in enumerate(columns):
                    if (said := constants[index]) is not None and any(row[column.place] != said for row in whole):
                        constants[index] = None
        self.row_count = rows_read
        self._filled_counts = filled_counts
        self._patterns = [digest.digest() for digest in digests]
        # a column of words alone has no values: its text is landed, and stays readable there
        self._is_text = has_word & ~has_number
        for column, said in zip(columns, constants, strict=False):
            if said is None and column.name in self._reading.one_of:
                told = f"{column.name} changes in it: it holds several drives; export each as a file of its own"
                raise RefusedError(Reason.KNOWN_NOT_SUPPORTED, told)
        self._constants = constants
        self._units = units
        self._clock_told = np.concatenate(clocks) if clocks else None
        self._dates_told = np.concatenate(dates) if dates else None
        self._faults = np.concatenate(faults) if faults else np.zeros(0, np.int32)
        self._lines = np.concatenate(lines) if lines else np.zeros(0, np.int32)

    def _note_zone(self, place: int, stamps: Numbers, rows: Sequence[list[str] | None]) -> None:
        """Note whether the first stamp of a column says in which zone it is."""
        told = np.flatnonzero(~np.isnan(stamps))
        if place not in self._has_zone and len(told) and (row := rows[told[0]]) is not None:
            self._has_zone[place] = has_zone(row[place])

    def _sort(self, clock_place: int) -> None:
        """Put rows that stand in another order into that of the clock; one without it stays behind the one before."""
        read, times = FORMS[self._reading.clock.form], [-math.inf]
        for _, row in islice(self._read_rows(), MAX_ROWS):
            said = math.nan if row is None else read(row[clock_place])
            times.append(times[-1] if math.isnan(said) else said)
        del times[0]
        if all(before <= after for before, after in pairwise(times)):
            return
        if len(times) > MAX_SORTED_ROWS:
            raise RefusedError(Reason.TOO_LARGE, f"over {MAX_SORTED_ROWS:,} rows that are not in their order")
        # a row as one text takes a tenth of the memory
        rows = [(line, None if row is None else _CUT.join(row)) for line, row in self._read_rows()]
        order = sorted(range(len(rows)), key=times.__getitem__)
        self._read_rows = lambda: (
            (line, None if row is None else row.split(_CUT)) for line, row in map(rows.__getitem__, order)
        )

    def _place(self, names: Iterable[str]) -> int | None:
        """Place of the first of these columns that the file has."""
        return next((self._places[name] for name in names if name in self._places), None)

    def _row_blocks(self) -> Iterator[tuple[list[int], list[list[str] | None]]]:
        """Numbers of lines and their cells, so many rows at a time as a block of a channel has."""
        rows = self._rows()
        while block := list(islice(rows, BLOCK_SAMPLES)):
            yield [line for line, _ in block], [row for _, row in block]

    def _rows(self) -> Iterator[tuple[int, list[str] | None]]:
        """Rows of the drive. A note above a pause, or above a row without a time, is that of the next row."""
        first_note, waiting = len(self._sheet.header), [""] * len(self._reading.notes)
        for line, row in self._read_rows():
            is_pause = row is not None and any(row[place] not in texts for place, texts in self._pauses.items())
            if row is not None and waiting:
                notes = [told or before for told, before in zip(row[first_note:], waiting, strict=True)]
                is_told = not is_pause and self._has_clock(row)
                waiting = [""] * len(notes) if is_told else notes
                row[first_note:] = notes if is_told else [""] * len(notes)
            if not is_pause:
                yield line, row

    def _has_clock(self, row: Sequence[str]) -> bool:
        place = self._clock_place
        return place is None or not math.isnan(FORMS[self._reading.clock.form](row[place]))

    def _values(self, place: int, rows: Sequence[list[str] | None], form: str) -> tuple[Numbers, Filled]:
        """Numbers of one column, NaN where there is none, and which cells are filled."""
        flag = self._fresh.get(place, place)
        read = numbers(
            ["" if row is None or (flag != place and not row[flag].strip("0.")) else row[place] for row in rows],
            form,
            self._words,
            self._reading.nothing,
            self._decimal_comma,
        )
        if none := self._no_value.get(place):
            read = [None if value in none else value for value in read]
        # a row that is refused makes no column one with empty cells
        filled = np.array([value is not None or row is None for value, row in zip(read, rows, strict=True)], np.bool_)
        return np.array([np.nan if value is None else value for value in read], np.float64), filled

    def _form(self, column: Column) -> str:
        return self._reading.forms.get(column.name, self._reading.forms.get(_full(column), "number"))

    def _has_decimal_commas(self) -> bool:
        """Whether the first rows have numbers with a comma, and none with a point."""
        found = [cell for _, row in islice(self._read_rows(), _FIRST_ROWS) for cell in row or ()]
        has_comma = any(_is_number(cell.replace(",", ".")) for cell in found if cell.count(",") == 1)
        return has_comma and not any("." in cell and _is_number(cell) for cell in found)

    def _told(self) -> dict[str, str]:
        """What the file says of its session, by the names of `TOLD`."""
        entries: dict[str, str] = {}
        for row in self._sheet.preamble:
            key, *values = row
            if not values:
                key, _, value = key.partition(":")
                values = [value]
            entries.setdefault(key.strip().lower(), " ".join(value.strip() for value in values if value.strip()))
        lines = [" ".join(filter(None, row)) for row in self._sheet.preamble]
        for column, said in zip(self._sheet.columns, self._constants or [None] * len(self._sheet.columns), strict=True):
            if said:
                entries.setdefault(column.name.lower(), said)
        told = {}
        for kind in TOLD:
            for key in self._reading.told.get(kind, ()):
                # a key of several words is what a line begins with
                begun = (line[len(key) :].strip() for line in lines if " " in key and _begins(line, key))
                if said := entries.get(key.lower(), "") or next(begun, ""):
                    told[kind] = said
                    break
        if "time" not in told and (found := _DATE_AND_TIME.fullmatch(told.get("date", ""))):
            told["date"], told["time"] = found.groups()
        return told

    def _row_times(self, clock_place: int | None, told: dict[str, str]) -> Numbers:
        clock = self._reading.clock
        if (self._faults == WRONG_CELLS).all():
            cells = len(self._sheet.header)
            raise RefusedError(
                Reason.MALFORMED, f"none of its {self.row_count:,} rows has {cells:,} cells, as the header"
            )
        said = self._clock_told
        if said is not None and not np.isnan(said).all():
            times = row_times(said, clock)
            times[self._faults != 0] = np.nan
            return times
        rate = clock.rate_hz or number(told.get("rate", "").split(" ")[0].replace(",", "."))
        if not 1e-3 <= rate <= 1e6:
            needed = " or ".join(f"{name!r}" for name in clock.columns)
            column = f"no time in the column {needed}" if clock_place is not None else f"no column {needed}"
            raise RefusedError(Reason.MALFORMED, f"{column}, and nothing that says how many rows there are in a second")
        self._faults[self._faults == NO_CLOCK] = 0
        times = np.arange(self.row_count, dtype=np.float64) / rate
        times[self._faults != 0] = np.nan
        return times

    def _channels(self) -> list[Channel]:
        """The columns, then the channels that have a role."""
        columns, row_count = self._sheet.columns, self.row_count
        clock_number = len(columns) + 1
        rate_hz = _rate(self._times)
        finite = self._times[np.isfinite(self._times)]
        self._times_numbers: dict[bytes, int] = {}
        self._sparse: list[int | None] = []  # index of a column whose empty cells a channel of times has
        told: list[Channel] = []
        sparse_rate: dict[bytes, float] = {}
        next_number = clock_number + 2 + bool(self._faults.any())
        patterns: list[tuple[int, int]] = []
        for index, column in enumerate(columns):
            count = 0 if self._is_text[index] else int(self._filled_counts[index])
            times = clock_number
            rate: float | None = rate_hz
            if 0 < count < row_count:
                pattern = self._patterns[index]
                if pattern not in self._times_numbers:
                    self._times_numbers[pattern] = next_number
                    patterns.append((next_number, count))
                    next_number += 1
                    span = np.ptp(finite) if len(finite) else 0.0
                    sparse_rate[pattern] = (
                        max(float((count - 1) / span), _SLOWEST_HZ) if count > 1 and span > 0 else rate_hz
                    )
                times = self._times_numbers[pattern]
                is_event = self._reading.blank == "unchanged" or column.place >= len(self._sheet.header)
                rate = None if is_event else sparse_rate[pattern]
            details = {"type": "text" if self._is_text[index] else self._form(column)}
            told.append(
                Channel(
                    index + 1,
                    column.name,
                    column.unit or self._units[index],
                    "",
                    ValueType.FLOAT8,
                    rate,
                    count,
                    times,
                    details,
                )
            )

        def of_role(number: int, role: str, kind: ValueType, count: int, times: int) -> Channel:
            return Channel(
                number, role, "s" if kind is ValueType.FLOAT8 else "", "", kind, rate_hz, count, times, {"role": role}
            )

        told.append(of_role(clock_number, "clock", ValueType.FLOAT8, row_count, clock_number))
        told.append(of_role(clock_number + 1, "line", ValueType.INT4, row_count, clock_number))
        if self._faults.any():
            told.append(of_role(clock_number + 2, "fault", ValueType.INT4, row_count, clock_number))
        told += [of_role(number, "times", ValueType.FLOAT8, count, number) for number, count in patterns]
        return told

    def _document(self, told: dict[str, str]) -> Document:
        content: dict[str, object] = {"told": told, "decimal_comma": self._decimal_comma}
        clock = self._reading.clock
        for moments, place in (
            (self._dates_told, self._date_place),
            (self._clock_told if clock.form in OF_A_DATE else None, self._clock_place),
        ):
            # one row may be off by the last digit of its two stamps; of rows with one stamp the first is not off
            if moments is not None and len(begun := (moments - self._times)[(moments > 0) & ~np.isnan(self._times)]):
                # a moment without a zone is one of the computer that wrote it
                key = "started_at" if self._has_zone.get(place, True) else "started_at_local"
                content[key] = round(float(np.max(begun) if clock.repeats else np.median(begun)), 3)
                content["is_of_session"] = not (clock.from_first or clock.form in OF_A_DATE | OF_THE_DAY)
                break
        told_s = self._clock_told
        if clock.form in OF_THE_DAY and told_s is not None and len(begun := told_s[self._times == 0]):
            content["first_clock_s"] = round(float(begun[0]), 3)
        if self._sheet.sections:
            content["sections"] = self._sheet.sections
        return Document("text_log", content, None, None, 0)

    def blocks(self) -> Iterator[Block]:
        """The values, a block of so many rows at a time; of a column with empty cells the filled ones."""
        columns, row = self._sheet.columns, 0
        clock_number = len(columns) + 1
        has_faults = bool(self._faults.any())
        filled_before = np.zeros(len(columns), np.int64)
        for block_number, (_, rows) in enumerate(self._row_blocks(), 1):
            times = self._times[row : row + len(rows)]
            filled_of: dict[int, tuple[Filled, int]] = {}
            for index, column in enumerate(columns):
                channel = self.channels[index]
                if not channel.sample_count:
                    continue
                values, filled = self._values(column.place, rows, self._form(column))
                first = row
                if channel.sample_count < self.row_count:
                    first = int(filled_before[index])
                    filled_before[index] += int(filled.sum())
                    filled_of.setdefault(channel.times_channel or 0, (filled, first))
                    values = values[filled]
                if len(values):
                    yield Block(channel.number, block_number, first, values)
            yield Block(clock_number, block_number, row, times)
            yield Block(clock_number + 1, block_number, row, self._lines[row : row + len(rows)])
            if has_faults:
                yield Block(clock_number + 2, block_number, row, self._faults[row : row + len(rows)])
            for number_of_times, (filled, first) in sorted(filled_of.items()):
                if filled.any():
                    yield Block(number_of_times, block_number, first, times[filled])
            row += len(rows)


def _full(column: Column) -> str:
    return f"{column.name} ({column.unit})"


def _begins(line: str, key: str) -> bool:
    return line[: len(key)].lower() == key.lower()


def _is_number(cell: str) -> bool:
    return number(cell) == number(cell)


def _rate(times: Numbers) -> float:
    """Rows a second, pauses apart; 1 where no row is later than another, so that SQL comes to each and says why."""
    steps = np.diff(times[np.isfinite(times)])
    forward = steps[steps > 0]
    if not len(forward):
        return 1.0
    usual = forward[forward <= max(_PAUSE_STEPS * float(np.median(forward)), _PAUSE_S)]
    return max(float(np.round(1 / usual.mean(), 6)), _SLOWEST_HZ)
