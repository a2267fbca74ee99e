"""How the rows of a text logger are read, as its declaration says."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Part of the hash of every reading: with another number, texts that are landed are read again. Raise it when the same
# declaration gives other channels than before.
READING_VERSION = 5
# What the rows directly below the names hold; `numbers` are those of the columns, which say nothing.
ROWS_BELOW = ("units", "sources", "numbers")
UNITS_IN_NAMES = ("()", "[]", "|", " ")
BLANKS = ("missing", "unchanged")
# What a preamble can say of a session. All are texts; SQL reads them.
TOLD = (
    "driver",
    "car",
    "track",
    "session",
    "device",
    "date",
    "time",
    "moment",
    "rate",
    "beacons",
    "lap_time",
)


@dataclass(frozen=True)
class Clock:
    """Where the time of a row stands.

    Attributes:
        columns: Names of columns, of which the first that the file has counts; empty when rows come at a known rate.
        form: Name of a form of `cells.FORMS`.
        date_columns: Names of columns that say when a row was written, of which the first that the file has counts.
        date_form: Form of their cells; one of those that tell the day.
        begins_anew: Whether the clock begins again in the middle of a file, as that of a lap does; what follows then
            goes on.
        from_first: Whether the log begins with the first row, whatever its clock says: the clock of a machine that ran
            before. Clocks of a date or of the day always do.
        repeats: Whether rows of one stamp are spread evenly up to the next, because the clock is coarser than they.
        bits: Of a clock that is a counter: it begins again at 2 to the power of that; 0 for one that does not.
        is_unsorted: Whether rows can stand in another order than they were written; they are sorted by the clock.
        rate_hz: Rows a second where nothing in the file says it; None when the rows alone do not tell.
    """

    columns: tuple[str, ...] = ()
    form: str = "seconds"
    date_columns: tuple[str, ...] = ()
    date_form: str = "unix_seconds"
    begins_anew: bool = False
    from_first: bool = False
    repeats: bool = False
    bits: int = 0
    is_unsorted: bool = False
    rate_hz: float | None = None


@dataclass(frozen=True)
class Reading:
    """How rows become channels.

    Attributes:
        header: "first_row", "after_preamble", or the name of the section that holds the names (with a line each).
        data: Name of the section that holds the rows; empty where data follow the header.
        names_in_line: Name of the section that has the names a second time, in one line.
        sections: Names of sections that are landed with what the file says of its session.
        comment: What a line begins with that is no row; empty where there are none.
        below: What the rows below the header hold, of ROWS_BELOW. One that the file leaves out is passed over.
        unit_in_name: How a name has its unit, of UNITS_IN_NAMES; empty where it has none.
        nothing: Cells that stand for no value, beside the empty one.
        no_value: Numbers that stand for no value, by the name of their column.
        words: Numbers that words stand for, in lower case.
        blank: What an empty cell means, of BLANKS.
        clock: The time of a row.
        forms: Form of cells (`cells.FORMS`) by the name of their column; a number where it has none.
        only: Texts by the name of a column: other rows are pauses, and none of the drive.
        one_of: Columns that say one thing in a whole file; one in which they do not holds several drives.
        fresh: Columns by the name of the one that says whether they are new: where it has 0 or nothing, their cells
            repeat what was, and stand for no value.
        notes: What comments among the data begin with that tell a value, such as the time of a lap. Each is a column,
            whose name is the comment's mark and that text; its cell is filled in the next row of the drive. What stands
            below the last row has none.
        told: Where the file says what of the session: names of preamble keys, else of columns that say one thing
            throughout, by TOLD.
    """

    header: str = "first_row"
    data: str = ""
    names_in_line: str = ""
    sections: tuple[str, ...] = ()
    comment: str = ""
    below: tuple[str, ...] = ()
    unit_in_name: str = ""
    nothing: frozenset[str] = frozenset()
    no_value: Mapping[str, frozenset[float]] = field(default_factory=dict)
    words: Mapping[str, float] = field(default_factory=dict)
    blank: str = "missing"
    clock: Clock = Clock()
    forms: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    one_of: tuple[str, ...] = ()
    fresh: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
