"""Panels of a session beside its lap times: tyres, brakes and fuel by lap, the limit of grip, the setup."""

import math

import pandas as pd
import plotly.graph_objects as go

from simrace.dashboard.charts import COLOURS, NEUTRAL, SPEEDS, figure, series
from simrace.dashboard.data import rows
from simrace.dashboard.units import unit

WHEELS = {"fl": "Front left", "fr": "Front right", "rl": "Rear left", "rr": "Rear right"}
# What is shown of the wheels: title, channels that have it, the best first, which figure of a lap, suffix of the unit.
PANELS = (
    ("Tyre pressure", ("tyre_pressure_{}_kpa",), "mean", "kpa"),
    ("Tyre temperature", ("tyre_temp_core_{}_c", "tyre_temp_surface_m_{}_c"), "mean", "c"),
    ("Brake temperature", ("brake_temp_{}_c",), "maximum", "c"),
)
FIGURES = {"mean": "mean of the lap", "maximum": "highest of the lap"}
FEWEST_POINTS = 3  # of a direction: fewer are chance
STEPS = 36  # directions of the envelope


def wheel_panels(wheels: pd.DataFrame) -> dict[str, go.Figure]:
    """Tyres and brakes by lap, a line a wheel; what the files do not hold is not there.

    Args:
        wheels: Statistics of the channels of each lap.
    """
    found = {}
    for title, channels, column, suffix in PANELS:
        for channel in channels:
            own = wheels[wheels.channel.isin([channel.format(wheel) for wheel in WHEELS])]
            if not own.empty:
                found[title] = _panel(own, channel, f"{title}, {FIGURES[column]}", column, suffix)
                break
    return found


def _panel(wheels: pd.DataFrame, channel: str, title: str, column: str, suffix: str) -> go.Figure:
    shown = unit(suffix)
    made = figure(300, "Lap", f"{title}, {shown.name}")
    for number, (wheel, name) in enumerate(WHEELS.items()):
        own = wheels[wheels.channel == channel.format(wheel)]
        if not own.empty:
            hover = f"lap %{{x}}: %{{y:.1f}} {shown.name}<extra>%{{fullData.name}}</extra>"
            series(made, number, name, own.lap_number, shown.of(own[column]), hover, "lines+markers")
    made.update_layout(showlegend=True)
    _count_laps(made, wheels)
    return made


def _count_laps(made: go.Figure, laps: pd.DataFrame) -> None:
    made.update_xaxes(tickformat=",d", dtick=max(1, laps.lap_number.nunique() // 12))


def fuel_panel(laps: pd.DataFrame, wheels: pd.DataFrame) -> go.Figure | None:
    """Fuel used by each lap as bars, over them what was left in the tank; None where the files do not tell.

    Args:
        laps: Of the session.
        wheels: Statistics of the channels of each lap.
    """
    litres = unit("l")
    used = laps.dropna(subset="fuel_used_l").drop_duplicates("lap_number")
    if used.empty:
        return None
    left = wheels[wheels.channel == "fuel_l"].set_index("lap_number").minimum
    told = [f"{litres.of(left[lap]):.1f}" if lap in left else "" for lap in used.lap_number]
    made = figure(300, "Lap", f"Fuel used, {litres.name}")
    made.add_bar(
        x=used.lap_number,
        y=litres.of(used.fuel_used_l.astype("float64")),
        text=told,
        textposition="outside",
        name=f"used; over it: left in the tank at its end, {litres.name}",
        marker={"color": COLOURS[0]},
        hovertemplate=f"lap %{{x}}: %{{y:.2f}} {litres.name} used<extra></extra>",
    )
    made.update_layout(showlegend=True)
    _count_laps(made, used)
    made.update_yaxes(rangemode="tozero")
    return made


def grip_figure(forces: pd.DataFrame, envelope: pd.DataFrame) -> go.Figure:
    """Accelerations of one lap, and around them the hardest of all laps of the session in each direction.

    Args:
        forces: Points of the lap.
        envelope: Direction, in steps, and the acceleration there.
    """
    speed, metres = unit("kph"), unit("m")
    made = figure(480, "Cornering, g (left +)", "Accelerating, g (braking below 0)")
    known = envelope[envelope.points >= FEWEST_POINTS]
    if not known.empty:
        angles = [(row.direction + 0.5) / STEPS * 2 * math.pi - math.pi for row in rows(known)]
        closed = [*zip(known.combined_g, angles, strict=True)]
        closed.append(closed[0])
        made.add_scatter(
            x=[g * math.cos(angle) for g, angle in closed],
            y=[g * math.sin(angle) for g, angle in closed],
            mode="lines",
            name="all laps",
            line={"color": NEUTRAL, "width": 2, "dash": "dash"},
            hovertemplate="%{x:.2f} g, %{y:.2f} g<extra>hardest of all laps</extra>",
        )
    made.add_scatter(
        x=forces.lat_g,
        y=forces.long_g,
        mode="markers",
        name="this lap",
        customdata=pd.DataFrame({"at": metres.of(forces.distance_m), "speed": speed.of(forces.speed_kph)}),
        marker={
            "color": speed.of(forces.speed_kph),
            "colorscale": SPEEDS,
            "size": 5,
            "colorbar": {"title": speed.name, "thickness": 12},
        },
        hovertemplate=f"%{{x:.2f}} g, %{{y:.2f}} g<br>%{{customdata[1]:.0f}} {speed.name} at %{{customdata[0]:,.0f}} "
        f"{metres.name}<extra></extra>",
    )
    made.update_layout(showlegend=True)
    made.update_xaxes(zeroline=True, zerolinecolor=NEUTRAL, constrain="domain")
    made.update_yaxes(zeroline=True, zerolinecolor=NEUTRAL, scaleanchor="x", constrain="domain")
    return made
