"""How alike a driver's laps are, what the best pieces of them sum to, and where on the lap the time is."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import COLOURS, LAP_TIME, bar, figure, lap_time_axis, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.filters import choose
from simrace.dashboard.laps import corner_name
from simrace.dashboard.shell import head, link, nothing
from simrace.dashboard.units import unit
from simrace.dashboard.words import day, joined, lap_time
from simrace.lap_times import PROBLEMS
from simrace.sim_names import sim_name

FEWEST_LAPS = 3  # that count for pace, for a spread
MOST_SESSIONS = 20  # that are drawn: the latest
FEW = "few laps"
DRIVERS: dict[str, tuple[str, str | None]] = {
    "driver": ("Driver", None),
    "car": ("Car", None),
    "pace_laps": ("Laps at pace", "%d"),
    "whole_laps": ("Of", "%d"),
    "sessions": ("Sessions", "%d"),
    "best_lap_s": ("Best", LAP_TIME),
    "median_lap_s": ("Usual", LAP_TIME),
    "usually_behind_s": ("Usual behind best, s", "%.3f"),
    "middle_half_s": ("Middle half within, s", "%.3f"),
    "middle_half_ratio": ("Of the lap", "percent"),
    "potential_s": ("Potential", LAP_TIME),
    "to_gain_s": ("To gain, s", "%.3f"),
}
PARTS: dict[str, tuple[str, str | None]] = {
    "minisector": ("Mini-sector", "%d"),
    "corners": ("Corners", None),
    "usually_loses_s": ("Usual lap loses, s", "%.3f"),
    "best_lap_loses_s": ("Best lap loses, s", "%.3f"),
    "middle_half_s": ("Middle half within, s", "%.3f"),
    "best_s": ("Best, s", "%.3f"),
    "start_m": ("From, m", "%.0f"),
    "end_m": ("To, m", "%.0f"),
    "laps": ("Laps", "%d"),
}
LOST = {"best_lap_loses_s": "The best lap", "usually_loses_s": "The usual lap"}


def show() -> None:
    """Show the page."""
    head(
        "Consistency",
        "How alike the laps of a driver are on a layout in a car, what the best pieces of them would give put "
        "together, and where on the lap the difference is. Laps at pace alone count; the usual lap is their median.",
    )
    layouts = data.query("consistency/layouts")
    if layouts.empty:
        nothing("No whole lap of a known layout is here yet. Land telemetry with `simrace run PATH`.")
        return
    layout_key = choose("Layout", "layout", {row.layout_key: _layout(row) for row in rows(layouts)})
    drivers = how_alike(
        data.query("consistency/drivers", layout_key=layout_key),
        data.query("consistency/potentials", layout_key=layout_key),
    )
    enough = drivers.pace_laps >= FEWEST_LAPS
    spread = ["median_lap_s", "usually_behind_s", "middle_half_s", "middle_half_ratio", "potential_s", "to_gain_s"]
    table(drivers.assign(**{name: drivers[name].where(enough) for name in spread}), DRIVERS, "drivers", pinned=1)
    if not enough.all():
        st.caption(f"Below {FEWEST_LAPS} laps at pace neither a usual lap nor a potential is told.")
    who = choose("Driver and car", "who", {row.who: joined(row.driver, row.car) for row in rows(drivers)})
    _show_driver(layout_key, next(row for row in rows(drivers) if row.who == who))


def how_alike(driven: pd.DataFrame, potentials: pd.DataFrame) -> pd.DataFrame:
    """Each driver and car with the spread of their laps and what is left to gain.

    Args:
        driven: Laps of each.
        potentials: What the best mini-sectors of each sum to.
    """
    driven, potentials = (
        each.assign(who=each.driver_id.fillna("") + "|" + each.car_id.fillna("")) for each in (driven, potentials)
    )
    both = driven.merge(potentials[["who", "potential_s", "traced_laps"]], on="who", how="left")
    middle_half_s = both.upper_quartile_s - both.lower_quartile_s
    # the best lap may have no trace: what is slower than it is no potential
    potential_s = both.potential_s.where(both.potential_s <= both.best_lap_s)
    return both.assign(
        driver=both.driver_name.fillna(both.driver_id).fillna("driver not named"),
        car=both.car_name.fillna(both.car_id).fillna("car not named"),
        usually_behind_s=both.median_lap_s - both.best_lap_s,
        middle_half_s=middle_half_s,
        middle_half_ratio=middle_half_s / both.median_lap_s,
        potential_s=potential_s,
        to_gain_s=both.best_lap_s - potential_s,
    )


def _layout(row: Any) -> str:
    name = joined(row.track_name, row.config_name) or f"unnamed track, {day(row.first_started_at)}"
    return f"{name} ({sim_name(row.sim)})"


def _show_driver(layout_key: str, row: Any) -> None:
    own = {"layout_key": layout_key} | {
        name: "" if pd.isna(getattr(row, name)) else getattr(row, name) for name in ("driver_id", "car_id")
    }
    laps = data.query("consistency/laps", **own)
    if row.pace_laps >= FEWEST_LAPS:
        _show_tiles(row)
    st.caption(counted(laps))
    if row.pace_laps < FEWEST_LAPS:
        nothing(
            f"{row.pace_laps} of {row.whole_laps} whole laps count for pace. From {FEWEST_LAPS} on there are a usual "
            "lap, a spread and a potential."
        )
        return
    pace = laps[laps.is_pace_eligible]
    show_figure(
        sessions_figure(pace), "by_session", f"Lap times at pace, a box for each of the last {MOST_SESSIONS} sessions."
    )
    _show_where(own, pace)


def _show_tiles(row: Any) -> None:
    best, usual, spread, potential = st.columns(4)
    off: dict[str, Any] = {"delta_color": "off", "delta_arrow": "off"}
    best.metric("Best lap", lap_time(row.best_lap_s), delta=f"{row.pace_laps:,} laps at pace", **off)
    usual.metric(
        "Usual lap", lap_time(row.median_lap_s), delta=f"{row.usually_behind_s:.3f} s behind the best", **off,
        help="The median of the laps at pace.",
    )  # fmt: skip
    spread.metric(
        "Middle half within", f"{row.middle_half_s:.3f} s", delta=f"{row.middle_half_ratio:.2%} of the lap", **off,
        help="From the lap that a quarter of the laps beat to the one that three quarters beat.",
    )  # fmt: skip
    has_potential = pd.notna(row.potential_s)
    potential.metric(
        "Potential", lap_time(row.potential_s) if has_potential else FEW,
        delta=f"{row.to_gain_s:.3f} s to gain, by {row.traced_laps:,.0f} laps" if has_potential else None, **off,
        help="The best of each mini-sector over all sessions, whatever the weather and the fuel.",
    )  # fmt: skip


def counted(laps: pd.DataFrame) -> str:
    """How many whole laps count for pace, and what keeps the others out.

    Args:
        laps: Of a driver in a car on a layout.
    """
    left_out = laps.pace_ineligible_reason[~laps.is_pace_eligible].map(lambda why: PROBLEMS.get(why, str(why)))
    said = f"{int(laps.is_pace_eligible.sum()):,} of {len(laps):,} whole laps count for pace"
    if left_out.empty:
        return f"{said}."
    return f"{said}; not: {', '.join(f'{count:,} {why}' for why, count in left_out.value_counts().items())}."


def sessions_figure(pace: pd.DataFrame) -> go.Figure:
    """A box of lap times for each of the latest sessions.

    Args:
        pace: Laps at pace, the oldest session first.
    """
    made = figure(380, "Session", "Lap time, min:s")
    shown = pace[pace.session_id.isin(pace.session_id.drop_duplicates().tail(MOST_SESSIONS))]
    days: dict[str, int] = {}
    for (_, _), some in shown.groupby(["session_started_at", "session_id"]):
        name = day(some.session_started_at.iloc[0])
        days[name] = days.get(name, 0) + 1
        made.add_box(
            y=some.lap_time_s,
            name=name if days[name] == 1 else f"{name} ({days[name]})",
            boxpoints="all",
            pointpos=0,
            jitter=0.3,
            marker={"color": COLOURS[0]},
            line={"color": COLOURS[0]},
            showlegend=False,
        )
    made.update_layout(boxgap=0.6)
    made.update_xaxes(type="category")
    lap_time_axis(made, shown.lap_time_s)
    return made


def _show_where(own: dict[str, Any], pace: pd.DataFrame) -> None:
    st.subheader("Where the time is")
    traced = pace[pace.is_trace_eligible].sort_values(["lap_time_s", "session_id", "lap_number"])
    if traced.empty:
        nothing("No lap at pace has a trace, so nothing tells where on the lap the time is.")
        return
    best = next(rows(traced))
    found = data.query(
        "consistency/minisectors", best_session_id=best.session_id, best_lap_number=best.lap_number, **own
    )
    if found.empty or found.laps.max() < FEWEST_LAPS:
        nothing(f"Fewer than {FEWEST_LAPS} laps at pace have a trace: too few to tell where on the lap the time is.")
        return
    parts = where(found, data.query("shared/corners", layout_key=own["layout_key"]))
    if best.lap_time_s > pace.lap_time_s.min():
        st.caption(f"The best lap has no trace; below stands the best that has one, {lap_time(best.lap_time_s)}.")
    st.markdown("Time in each part of the lap behind the best that was ever driven there: what is left to gain.")
    show_figure(where_figure(parts), "where", "Time in each mini-sector behind the best ever driven there.")
    st.markdown("Ordered by what the usual lap loses.")
    table(parts.sort_values(["usually_loses_s", "minisector"], ascending=[False, True]), PARTS, "parts", pinned=1)
    link(
        "The best lap beside the ideal lap of its session",
        "laps",
        layout=own["layout_key"],
        laps=[f"{best.session_id}:{best.lap_number}"],
        ideal="yes",
    )


def where(found: pd.DataFrame, corners: pd.DataFrame) -> pd.DataFrame:
    """What the best and the usual lap lose in each mini-sector, and the corners in it.

    Args:
        found: Mini-sectors with the best, the usual and the best lap's time.
        corners: Of the layout.
    """
    names = [
        ", ".join(corner_name(corner) for corner in rows(corners) if row.start_m <= corner.apex_m < row.end_m)
        for row in rows(found)
    ]
    return found.assign(
        corners=names,
        best_lap_loses_s=found.of_best_lap_s - found.best_s,
        usually_loses_s=found.median_s - found.best_s,
    )


def where_figure(parts: pd.DataFrame) -> go.Figure:
    """Bars of what the best and the usual lap lose in each mini-sector.

    Args:
        parts: As `where` has them.
    """
    metres = unit("m")
    made = figure(320, "Mini-sector", "Behind the best there, s")
    for number, (column, name) in enumerate(LOST.items()):
        made.add_bar(
            x=parts.minisector,
            y=parts[column],
            name=name,
            customdata=metres.of(parts[["start_m", "end_m"]].astype("float64")),
            marker=bar(number),
            hovertemplate=f"{name} %{{y:+.3f}} s<br>%{{customdata[0]:,.0f}} to %{{customdata[1]:,.0f}} "
            f"{metres.name}<extra></extra>",
        )
    made.update_layout(showlegend=True, hovermode="x unified", bargap=0.15)
    made.update_xaxes(dtick=5, tick0=0)
    return made
