"""What the report is made from."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Session:
    """A telemetry session. Fields that its files do not name are None.

    Attributes:
        session_id: Its key.
        started_at: Its start (UTC).
        driver: Name of the driver.
        car: Name of the car.
        track: Name of the track and its layout.
        sim: Name of the sim.
        theoretical_best_s: Sum of its best mini-sectors.
    """

    session_id: str
    started_at: datetime
    driver: str | None
    car: str | None
    track: str | None
    sim: str
    theoretical_best_s: float | None


@dataclass(frozen=True)
class Lap:
    """A lap of the session.

    Attributes:
        number: As the file counts it.
        time_s: From line to line; None where it is not complete.
        lap_class: Its class.
        pace_problem: Why it does not count for pace; None when it does.
        trace_problem: Why it has no trace; None when it has one.
    """

    number: int
    time_s: float | None
    lap_class: str
    pace_problem: str | None
    trace_problem: str | None


@dataclass(frozen=True)
class Reference:
    """The lap that a lap is compared with.

    Attributes:
        kind: personal_best, class_best, session_best, or asked: the next fastest of the session.
        session_id: Its session.
        lap_number: Its number there.
        time_s: Its time.
        behind_s: How far the other lap is behind it; negative is ahead.
        driver: Who drove it, where the files name him.
        car: In what, where they name it.
        started_at: Start of its session (UTC).
    """

    kind: str
    session_id: str
    lap_number: int
    time_s: float
    behind_s: float
    driver: str | None
    car: str | None
    started_at: datetime


@dataclass(frozen=True)
class Passage:
    """How a corner was driven; places in metres from the line, speeds in km/h. None: not there, or not done.

    Attributes:
        brake_point_m: Where the braking began.
        turn_in_m: Where the car was turned in.
        throttle_on_m: Where the throttle was opened.
        min_speed_kph: The lowest speed.
        exit_speed_kph: The speed at the end.
        gear: The gear where it was slowest.
    """

    brake_point_m: float | None = None
    turn_in_m: float | None = None
    throttle_on_m: float | None = None
    min_speed_kph: float | None = None
    exit_speed_kph: float | None = None
    gear: int | None = None


@dataclass(frozen=True)
class Corner:
    """A corner in both laps.

    Attributes:
        number: Counted from the line.
        name: Its name; the number where it has none.
        apex_m: Its apex in metres from the line.
        lost_s: Time lost in it and in the halves of the straights beside it; negative is won.
        lap: How the lap went through it.
        reference: How the reference did.
        has_brake: Whether both laps have the brake.
    """

    number: int
    name: str
    apex_m: float
    lost_s: float
    lap: Passage
    reference: Passage
    has_brake: bool = True


@dataclass(frozen=True)
class Place:
    """A point of the lap; there is one every 5 m.

    Attributes:
        distance_m: From the line.
        behind_s: How far the lap is behind the reference here.
        speed_kph: Of the lap.
        reference_speed_kph: Of the reference.
        x_m: Metres east of the origin, or ahead of the line; None without a position.
        y_m: Metres north of it, or to the left of the line.
        minisector: Its mini-sector.
    """

    distance_m: float
    behind_s: float
    speed_kph: float | None
    reference_speed_kph: float | None
    x_m: float | None
    y_m: float | None
    minisector: int


@dataclass(frozen=True)
class Comparison:
    """A lap beside its reference.

    Attributes:
        lap: The lap.
        reference: The other.
        corners: In the order of driving.
        places: In the order of driving.
        minisectors: Time lost in each mini-sector, by its number.
    """

    lap: Lap
    reference: Reference
    corners: list[Corner]
    places: list[Place]
    minisectors: dict[int, float]


@dataclass(frozen=True)
class Stint:
    """A run of laps between visits to the pits.

    Attributes:
        number: Counted from 1.
        first_lap: Its first lap.
        last_lap: Its last lap.
        pace_laps: How many count for pace.
        best_s: The best of these.
        median_s: The middle of these.
        slope_s: How much slower each lap is than the one before; negative is faster.
        slope_r2: Share of the differences of lap times that the slope explains.
        fuel_per_lap_l: Fuel used a lap.
    """

    number: int
    first_lap: int
    last_lap: int
    pace_laps: int
    best_s: float | None
    median_s: float | None
    slope_s: float | None
    slope_r2: float | None
    fuel_per_lap_l: float | None


@dataclass(frozen=True)
class Driven:
    """A session of the driver in the car on the layout.

    Attributes:
        started_at: Its start (UTC).
        best_s: Its best lap that counts for pace.
        median_s: Its middle lap; None for few laps.
        theoretical_best_s: Sum of its best mini-sectors; None without traces.
    """

    started_at: datetime
    best_s: float
    median_s: float | None
    theoretical_best_s: float | None
