"""When each row was written: seconds since the start of the log."""

import numpy as np
import numpy.typing as npt

from ingestion.formats.text_log.cells import FORMS, OF_A_DATE, OF_THE_DAY
from ingestion.formats.text_log.reading import Clock

Seconds = npt.NDArray[np.float64]

DAY_S = 86_400.0
_MOMENT_S = 0.001


def row_times(told: Seconds, clock: Clock) -> Seconds:
    """Times of rows, from what their clock says.

    A clock that jumps stays as it is: SQL refuses the rows that do not go forward, and says so. Only what the
    declaration promises is undone here: a day that ends, a counter that is full, a clock that begins anew, one that is
    coarser than the rows.

    Args:
        told: What the clock says, in seconds, shape (rows,); NaN where it says nothing.
        clock: What is known of it.

    Returns:
        Seconds since the start of the log, shape (rows,). A clock that counts from elsewhere (a date, the time of the
        day) begins with 0 in the first row that has it, unless what follows shows that this row is the wrong one.
    """
    times = told.copy()
    filled = np.flatnonzero(~np.isnan(times))
    if not len(filled):
        return times
    said = times[filled]
    steps = np.diff(said)
    period = DAY_S if clock.form in OF_THE_DAY else FORMS[clock.form](str(2**clock.bits)) if clock.bits else None
    if period is not None:
        said[1:] += period * np.cumsum(steps < -period / 2)
    elif clock.begins_anew:
        usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
        # a row between two steps is the end of a lap, at which the next begins; the first of that comes a moment later
        before = np.concatenate(([usual], steps[:-1]))
        step = np.where((before > 0) & (before < usual * 0.9) & (said[1:] == 0), _MOMENT_S, usual)
        said[1:] += np.cumsum(np.where(steps < 0, step - steps, 0.0))
    if clock.repeats:
        said = _spread(said)
    if clock.form in OF_A_DATE | OF_THE_DAY or clock.from_first:
        said = said - said[_first(said)]
    # a difference of two stamps of today has no more digits than this
    with np.errstate(over="ignore"):  # no clock of a log is near to what has no such digits
        times[filled] = np.round(said, 6)
    return times


def _first(said: Seconds) -> int:
    """The first row that stays where the fewer are refused, those behind what was or those ahead of what follows."""
    behind = np.append(False, said[1:] <= np.maximum.accumulate(said)[:-1])
    ahead = np.append(said[:-1] >= np.minimum.accumulate(said[::-1])[::-1][1:], False)
    return 0 if behind.sum() <= ahead.sum() else int(np.argmin(ahead))


def _spread(said: Seconds) -> Seconds:
    """Rows of one stamp lie evenly between it and the next; the last, and those before a pause, as close as others."""
    begins = np.flatnonzero(np.concatenate(([True], np.diff(said) != 0)))
    counts = np.diff(np.append(begins, len(said)))
    stamps = said[begins]
    lengths = np.append(np.diff(stamps), 0.0)
    if (lengths > 0).any():
        usual = np.percentile(lengths[lengths > 0], 50, method="lower")
        # where the next stamp goes back there is none to lie before
        lengths = np.where(lengths > 0, np.minimum(lengths, usual), usual)
        lengths[-1] = lengths[-2] * counts[-1] / counts[-2]
    places = np.arange(len(said)) - np.repeat(begins, counts)
    return np.asarray(np.repeat(stamps, counts) + np.repeat(lengths / counts, counts) * places, dtype=np.float64)
