"""The variables that iRacing has of a drive, in its own units: what a log holds and an export shows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simrace.generator.car import GRAVITY
from simrace.generator.session import Channels, Session
from simrace.generator.track import Floats

RATE_HZ = 60
TORQUE_SAMPLES = 6  # of the steering torque in a tick; the last is the tick's own
WRAP_SAMPLES = 3  # samples after the line that still carry the old lap's clock
SESSION_OFFSET_S = 412.35  # the recording starts when the session is already running
SESSION_LENGTH_S = 604_800  # what an unlimited session counts down from
TANK_L = 60
ON_TRACK, ON_PIT_ROAD = 3, 2  # irsdk_TrkLoc
GREEN_FLAG = 268_697_600  # irsdk_Flags, a bit field
ALL_TYRES = 15  # irsdk_PitSvFlags
PIT_LIMITER = 16  # irsdk_EngineWarnings
WHEEL_NAMES = {"LF": "fl", "RF": "fr", "LR": "rl", "RR": "rr"}

Row = tuple[str, str, str, str, NDArray[Any] | float]  # name, kind, unit, description, values


@dataclass(frozen=True)
class Variable:
    """A variable of the sim.

    Attributes:
        name, unit, description: As the sim gives them; `%` is a ratio of 0 to 1.
        kind: bool, int, bits, float or double.
        values: One value a tick, (ticks,); several where the sim takes several a tick, (ticks, values).
    """

    name: str
    kind: str
    unit: str
    description: str
    values: NDArray[Any]


def iracing_variables(session: Session, driven_s: Floats, ticks: Floats) -> list[Variable]:
    """All variables at some instants of a drive.

    Args:
        session: What was driven.
        driven_s: Seconds since the car left its pit box, (ticks,).
        ticks: Ticks since the recording started, (ticks,).
    """
    channels = session.at_times(driven_s)
    rows = _session_rows(channels, ticks) + _lap_rows(channels, session) + _car_rows(channels) + _weather_rows()
    for place, wheel in WHEEL_NAMES.items():
        rows += _wheel_rows(channels, place, wheel)
    single = [
        Variable(name, kind, unit, description, np.broadcast_to(values, ticks.shape))
        for name, kind, unit, description, values in rows
    ]
    return [*single, _fast_torque(_torque(channels))]


def _session_rows(channels: Channels, ticks: Floats) -> list[Row]:
    pit = channels["on_pit_road"] > 0.5
    clock = SESSION_OFFSET_S + ticks / RATE_HZ
    surface = np.where(pit, ON_PIT_ROAD, ON_TRACK)
    return [
        ("SessionTime", "double", "s", "Seconds since session start", clock),
        ("SessionTick", "int", "", "Current update number", ticks + round(SESSION_OFFSET_S * RATE_HZ)),
        ("SessionNum", "int", "", "Session number", 0),
        ("SessionState", "int", "irsdk_SessionState", "Session state", 4),
        ("SessionUniqueID", "int", "", "Session ID", 1),
        ("SessionFlags", "bits", "irsdk_Flags", "Session flags", GREEN_FLAG),
        ("SessionTimeRemain", "double", "s", "Seconds left till session ends", SESSION_LENGTH_S),
        ("SessionTimeTotal", "double", "s", "Total number of seconds in session", SESSION_LENGTH_S),
        ("SessionTimeOfDay", "float", "s", "Time of day in seconds", np.floor(50_400 + clock)),
        ("IsOnTrack", "bool", "", "1=Car on track physics running with player in car", 1),
        ("PlayerCarIdx", "int", "", "Players carIdx", 0),
        ("PlayerCarClass", "int", "", "Player car class id", 0),
        ("PlayerCarPosition", "int", "", "Players position in race", 0),
        ("PlayerTrackSurface", "int", "irsdk_TrkLoc", "Players car track surface type", surface),
        ("PlayerCarMyIncidentCount", "int", "", "Players own incident count for this session", 0),
        ("PlayerCarInPitStall", "bool", "", "Players car is properly in their pitstall", 0),
        ("OnPitRoad", "bool", "", "Is the player car on pit road between the cones", pit),
        ("EnterExitReset", "int", "", "Indicate action the reset key will take 0 enter 1 exit 2 reset", 2 - pit),
        ("PitSvFlags", "bits", "irsdk_PitSvFlags", "Bitfield of pit service checkboxes", ALL_TYRES),
    ]


def _lap_rows(channels: Channels, session: Session) -> list[Row]:
    lap = channels["lap"] + 1
    clock, last, best = _lap_clock(channels, session)
    distance = channels["lap_distance_m"]
    return [
        ("Lap", "int", "", "Laps started count", lap),
        ("LapCompleted", "int", "", "Laps completed count", lap - 1),
        ("LapDist", "float", "m", "Meters traveled from S/F this lap", distance),
        ("LapDistPct", "float", "%", "Percentage distance around lap", distance / session.layout.length_m),
        ("LapBestLapTime", "float", "s", "Players best lap time", best),
        ("LapLastLapTime", "float", "s", "Players last lap time", last),
        ("LapCurrentLapTime", "float", "s", "Estimate of players current lap time as shown in F3 box", clock),
    ]


def _car_rows(channels: Channels) -> list[Row]:
    throttle, brake, gear = channels["throttle"], channels["brake"], channels["gear_or_neutral"]
    pit = channels["on_pit_road"] > 0.5
    clutch = 1 - channels["clutch_pedal"]
    use = 8 + throttle * 60
    return [
        ("SteeringWheelAngle", "float", "rad", "Steering wheel angle", channels["steering_rad"]),
        ("Throttle", "float", "%", "0=off throttle to 1=full throttle", throttle),
        ("Brake", "float", "%", "0=brake released to 1=max pedal force", brake),
        ("Clutch", "float", "%", "0=disengaged to 1=fully engaged", clutch),
        ("BrakeABSactive", "bool", "", "true if abs is currently reducing brake force pressure", brake > 0.9),
        ("Gear", "int", "", "-1=reverse  0=neutral  1..n=current gear", gear),
        ("RPM", "float", "revs/min", "Engine rpm", channels["rpm"]),
        ("Speed", "float", "m/s", "GPS vehicle speed", channels["speed_mps"]),
        ("VelocityX", "float", "m/s", "X velocity", channels["speed_mps"]),
        ("Yaw", "float", "rad", "Yaw orientation", channels["heading_rad"]),
        ("YawRate", "float", "rad/s", "Yaw rate", channels["yaw_rate_radps"]),
        ("Lat", "double", "deg", "Latitude in decimal degrees", channels["lat_deg"]),
        ("Lon", "double", "deg", "Longitude in decimal degrees", channels["lon_deg"]),
        ("Alt", "float", "m", "Altitude in meters", channels["altitude_m"]),
        ("VertAccel", "float", "m/s^2", "Vertical acceleration (including gravity)", channels["vert_mps2"]),
        ("LatAccel", "float", "m/s^2", "Lateral acceleration (including gravity)", channels["lat_mps2"]),
        ("LongAccel", "float", "m/s^2", "Longitudinal acceleration (including gravity)", channels["long_mps2"]),
        ("EngineWarnings", "bits", "irsdk_EngineWarnings", "Bitfield for warning lights", PIT_LIMITER * pit),
        ("FuelLevel", "float", "l", "Liters of fuel remaining", channels["fuel_l"]),
        ("FuelLevelPct", "float", "%", "Percent fuel remaining", channels["fuel_l"] / TANK_L),
        ("FuelUsePerHour", "float", "kg/h", "Engine fuel used instantaneous", use),
        ("OilPress", "float", "bar", "Engine oil pressure", 1.5 + channels["rpm"] / 2_000),
        ("OilTemp", "float", "C", "Engine oil temperature", channels["engine_c"] + 5),
        ("WaterTemp", "float", "C", "Engine coolant temp", channels["engine_c"]),
        ("Voltage", "float", "V", "Engine voltage", 13.7),
        ("SteeringWheelTorque", "float", "N*m", "Output torque on steering shaft", _torque(channels)),
        ("dcBrakeBias", "float", "", "In car brake bias adjustment", 54.5),
    ]


def _weather_rows() -> list[Row]:
    return [
        ("AirTemp", "float", "C", "Temperature of air at start/finish line", 26.3766),
        ("AirDensity", "float", "kg/m^3", "Density of air at start/finish line", 1.17844),
        ("AirPressure", "float", "Pa", "Pressure of air at start/finish line", 99_276.7),
        ("RelativeHumidity", "float", "%", "Relative Humidity at start/finish line", 0.417779),
        ("TrackTemp", "float", "C", "Deprecated  set to TrackTempCrew", 37.5),
        ("TrackTempCrew", "float", "C", "Temperature of track measured by crew around track", 37.5),
        ("WindDir", "float", "rad", "Wind direction at start/finish line", 2.05876),
        ("WindVel", "float", "m/s", "Wind velocity at start/finish line", 1.92767),
        ("Skies", "int", "", "Skies (0=clear/1=p cloudy/2=m cloudy/3=overcast)", 1),
    ]


def _wheel_rows(channels: Channels, place: str, wheel: str) -> list[Row]:
    core, surface = channels[f"tyre_core_c_{wheel}"], channels[f"tyre_surface_c_{wheel}"]
    # L and R are the tyre's sides seen from the seat: R is the inner side on the left of the car.
    inner = 2.0 if wheel[1] == "l" else -2.0
    cold = f"{place} tire cold pressure  as set in the garage"
    return [
        (f"{place}tempL", "float", "C", f"{place} tire left surface temperature", surface - inner),
        (f"{place}tempM", "float", "C", f"{place} tire middle surface temperature", surface),
        (f"{place}tempR", "float", "C", f"{place} tire right surface temperature", surface + inner),
        (f"{place}tempCM", "float", "C", f"{place} tire middle carcass temperature", core),
        (f"{place}pressure", "float", "kPa", f"{place} tire pressure", channels[f"tyre_kpa_{wheel}"]),
        (f"{place}coldPressure", "float", "kPa", cold, 150.0),
        (f"{place}speed", "float", "m/s", f"{place} wheel speed", channels[f"wheel_mps_{wheel}"]),
        (f"{place}shockDefl", "float", "m", f"{place} shock deflection", channels[f"suspension_m_{wheel}"]),
    ]


def _torque(channels: Channels) -> Floats:
    """Torque on the steering shaft: the tyres' lateral force pulls the wheel straight."""
    return np.asarray(-channels["lat_mps2"] / GRAVITY * 6.5)


def _fast_torque(torque: Floats) -> Variable:
    ticks = np.arange(len(torque))[:, None] + np.arange(1 - TORQUE_SAMPLES, 1) / TORQUE_SAMPLES
    values = np.interp(ticks, np.arange(len(torque)), torque)
    return Variable("SteeringWheelTorque_ST", "float", "N*m", "Output torque on steering shaft at 360 Hz", values)


def _lap_clock(channels: Channels, session: Session) -> tuple[Floats, Floats, Floats]:
    """Running lap time, last and best lap time, as the sim updates them.

    The first samples of a lap still show the old lap's clock. An out lap has no time: -1 until the first flying lap
    is done.
    """
    lap = channels["lap"].astype(int)
    first = np.flatnonzero(np.diff(lap)) + 1
    shown = lap.copy()  # the lap whose clock is shown
    for at in first:
        shown[at : at + WRAP_SAMPLES] = lap[at] - 1
    clock = channels["time_s"] - session.lap_bounds_s[shown]
    times = np.diff(session.lap_bounds_s)
    finished = np.concatenate([[-1.0, -1.0], times[1:-1]])  # last lap time shown during each lap
    bests = np.concatenate([[0.0, 0.0], np.minimum.accumulate(times[1:-1])])
    return clock, finished[shown], bests[shown]
