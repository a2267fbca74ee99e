"""Invented circuits: closed centre lines made of straights and corners with ramped curvature."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RAMP_M = 24.0  # a corner's curvature grows and falls over this length, as on a clothoid
GRID_STEP_M = 0.5
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class Turn:
    """A corner as designed.

    Attributes:
        straight_m: Nominal straight before the corner; the builder stretches it to close the loop.
        angle_deg: Change of heading, positive to the left.
        radius_m: Radius at the apex.
    """

    straight_m: float
    angle_deg: float
    radius_m: float

    @property
    def ramp_m(self) -> float:
        """Length of each curvature ramp."""
        return float(min(RAMP_M, abs(np.radians(self.angle_deg)) * self.radius_m))

    @property
    def length_m(self) -> float:
        """Length along the centre line: the area under the curvature is the angle."""
        return float(abs(np.radians(self.angle_deg)) * self.radius_m + self.ramp_m)


@dataclass(frozen=True)
class Corner:
    """A corner as built: where it lies on the lap and how sharp it is."""

    number: int
    start_m: float
    apex_m: float
    end_m: float
    direction: str
    curvature_per_m: float


@dataclass(frozen=True)
class Layout:
    """A closed circuit. Distances run from the start line, x points east, y north.

    Attributes:
        track: Name of the venue.
        config: Name of the layout.
        slug: Short name, as a sim uses inside.
        track_id: Number of the layout in result files.
        length_m: Exact length of one lap.
        lat_deg, lon_deg, altitude_m: Place of the start line.
        heading_deg: Heading at the start line, counted from east to the left.
        turns: Corners in driving order.
        last_straight_m: Nominal straight from the last corner to the line.
    """

    track: str
    config: str
    slug: str
    track_id: int
    length_m: float
    lat_deg: float
    lon_deg: float
    altitude_m: float
    heading_deg: float
    turns: tuple[Turn, ...]
    last_straight_m: float

    @property
    def name(self) -> str:
        """Venue and layout, written as result files write them."""
        return f"{self.track} - {self.config}"

    @cached_property
    def straights_m(self) -> Floats:
        """Straights before each corner and the one to the line, (turns + 1,), that close the loop.

        A corner moves the car by a fixed vector, a straight by its length along a fixed heading: closing the loop
        at a given length is three linear equations, solved with the smallest relative change.
        """
        nominal = np.array([turn.straight_m for turn in self.turns] + [self.last_straight_m])
        headings = np.radians(self.heading_deg + np.cumsum([0.0] + [turn.angle_deg for turn in self.turns]))
        moved = sum(_displacement(turn, heading) for turn, heading in zip(self.turns, headings, strict=False))
        equations = np.array([np.cos(headings), np.sin(headings), np.ones(len(nominal))])
        wanted = np.array([0.0, 0.0, self.length_m]) - moved
        step = np.linalg.solve((equations * nominal) @ equations.T, wanted - equations @ nominal)
        return np.asarray(nominal + nominal * (equations.T @ step))

    @cached_property
    def corners(self) -> tuple[Corner, ...]:
        """Corners in driving order, numbered from 1."""
        corners = []
        at = 0.0
        for number, (turn, straight) in enumerate(zip(self.turns, self.straights_m, strict=False), start=1):
            start = at + float(straight)
            at = start + turn.length_m
            side = "left" if turn.angle_deg > 0 else "right"
            corners.append(Corner(number, start, (start + at) / 2, at, side, 1 / turn.radius_m))
        return tuple(corners)

    @cached_property
    def grid_m(self) -> Floats:
        """Distances of the fine grid, (points,), first 0 and last the length of the lap."""
        return np.linspace(0.0, self.length_m, int(self.length_m / GRID_STEP_M) + 1)

    @cached_property
    def grid_curvature(self) -> Floats:
        """Signed curvature on the grid in 1/m, positive to the left."""
        curvature = np.zeros_like(self.grid_m)
        for turn, corner in zip(self.turns, self.corners, strict=True):
            ramps = [corner.start_m, corner.start_m + turn.ramp_m, corner.end_m - turn.ramp_m, corner.end_m]
            sign = np.sign(turn.angle_deg)
            curvature += sign * np.interp(self.grid_m, ramps, [0, 1 / turn.radius_m, 1 / turn.radius_m, 0])
        return curvature

    @cached_property
    def grid_heading(self) -> Floats:
        """Heading on the grid in radians, unwrapped; over one lap it turns by exactly one circle."""
        turned = _integral(self.grid_curvature, self.grid_m)
        circle = np.sign(turned[-1]) * 2 * np.pi
        drift = circle - turned[-1]
        return np.asarray(np.radians(self.heading_deg) + turned + drift * self.grid_m / self.length_m)

    @cached_property
    def grid_xy(self) -> Floats:
        """Position on the grid in metres, (2, points); the last point is the first."""
        heading = self.grid_heading
        xy = np.array([_integral(np.cos(heading), self.grid_m), _integral(np.sin(heading), self.grid_m)])
        # What the grid's step leaves open (millimetres) is spread over the lap.
        return np.asarray(xy - np.outer(xy[:, -1], self.grid_m / self.length_m))

    def curvature(self, distance_m: Floats) -> Floats:
        """Signed curvature in 1/m at distances of any lap."""
        return np.asarray(np.interp(distance_m % self.length_m, self.grid_m, self.grid_curvature))

    def heading(self, distance_m: Floats) -> Floats:
        """Heading in radians within (-pi, pi] at distances of any lap."""
        heading = np.interp(distance_m % self.length_m, self.grid_m, self.grid_heading)
        return np.asarray(np.pi - (np.pi - heading) % (2 * np.pi))

    def lat_lon(self, distance_m: Floats, offset_m: Floats) -> tuple[Floats, Floats]:
        """Latitude and longitude in degrees, `offset_m` to the left of the centre line."""
        heading = self.heading(distance_m)
        x, y = (np.interp(distance_m % self.length_m, self.grid_m, axis) for axis in self.grid_xy)
        north = self.lat_deg + (y + offset_m * np.cos(heading)) / METRES_PER_DEGREE
        east = (x - offset_m * np.sin(heading)) / (METRES_PER_DEGREE * np.cos(np.radians(self.lat_deg)))
        return north, self.lon_deg + east


def _integral(values: Floats, at: Floats) -> Floats:
    """Running integral by trapezoids, starting at 0."""
    return np.concatenate([[0.0], np.cumsum((values[1:] + values[:-1]) / 2 * np.diff(at))])


def _displacement(turn: Turn, heading: float) -> Floats:
    """East and north moved through a corner entered at `heading`, and its length, (3,)."""
    at = np.linspace(0.0, turn.length_m, 2_001)
    ramps = [0.0, turn.ramp_m, turn.length_m - turn.ramp_m, turn.length_m]
    curvature = np.sign(turn.angle_deg) * np.interp(at, ramps, [0, 1 / turn.radius_m, 1 / turn.radius_m, 0])
    path = heading + _integral(curvature, at)
    return np.array([_integral(np.cos(path), at)[-1], _integral(np.sin(path), at)[-1], turn.length_m])
