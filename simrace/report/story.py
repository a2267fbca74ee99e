"""What led to a session and how its stints went, in sentences by fixed rules."""

from collections.abc import Sequence

from simrace.report.figures import Driven, Stint
from simrace.report.rules import lap_time

# Thresholds. Anything smaller is chance.
EQUAL_S = 0.05  # two bests that differ by less are called as fast: a lap repeats no better
TREND_S = 0.02  # a lap, over a stint of ten laps two tenths
TREND_R2 = 0.3  # share of the differences of lap times that the trend explains: less is scatter
FEWEST_LAPS = 3  # that count for pace, for a stint to be told


def progress(driven: Sequence[Driven]) -> str | None:
    """How the best lap of a session stands to those before it; None where it has none.

    Args:
        driven: The session, and the driver's earlier ones in this car on this layout, the newest first.
    """
    if not driven:
        return None
    own, *before = driven
    if not before:
        return "The first session of the driver with this car on this layout: progress shows from the second."
    best = min(before, key=lambda one: (one.best_s, one.started_at))
    of = "the session before" if len(before) == 1 else f"the best of {len(before)} sessions before"
    told = f"Best lap {lap_time(own.best_s)}: {_beside(own.best_s, best.best_s)} {of} "
    told += f"({lap_time(best.best_s)} on {best.started_at:%Y-%m-%d})."
    if own.median_s is not None and before[0].median_s is not None:
        told += f" The middle lap, {lap_time(own.median_s)}, is {_beside(own.median_s, before[0].median_s)} last time."
    return told


def stint_sentence(stint: Stint, before: Stint | None = None) -> str:
    """How a stint went.

    Args:
        stint: The stint.
        before: The one before it.
    """
    laps = (
        f"lap {stint.first_lap}" if stint.first_lap == stint.last_lap else f"laps {stint.first_lap} to {stint.last_lap}"
    )
    told = f"Stint {stint.number}, {laps}: "
    if stint.pace_laps < FEWEST_LAPS or stint.best_s is None or stint.median_s is None:
        counted = "no lap counts" if not stint.pace_laps else f"{stint.pace_laps} count" + "s" * (stint.pace_laps == 1)
        return f"{told}{counted} for pace, too few to tell."
    told += f"best {lap_time(stint.best_s)}, middle lap {lap_time(stint.median_s)}"
    if stint.slope_s is not None and abs(stint.slope_s) >= TREND_S and (stint.slope_r2 or 0) >= TREND_R2:
        told += (
            f", each lap {abs(stint.slope_s):.2f} s {'slower' if stint.slope_s > 0 else 'faster'} than the one before"
        )
    else:
        told += ", without a trend"
    if stint.fuel_per_lap_l is not None:
        told += f", {stint.fuel_per_lap_l:.2f} l of fuel a lap"
    if before is not None and before.median_s is not None and before.pace_laps >= FEWEST_LAPS:
        told += f"; its middle lap is {_beside(stint.median_s, before.median_s)} that of the stint before"
    return told + "."


def stint_sentences(stints: Sequence[Stint]) -> list[str]:
    """A sentence for each stint, in the order of driving."""
    return [stint_sentence(stint, before) for stint, before in zip(stints, [None, *stints], strict=False)]


def _beside(seconds: float, other: float) -> str:
    difference = round(seconds - other, 3)  # times are thousandths
    if abs(difference) < EQUAL_S:
        return "as fast as"
    return f"{abs(difference):.3f} s {'slower' if difference > 0 else 'faster'} than"
