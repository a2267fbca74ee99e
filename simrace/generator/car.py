"""A point-mass car: the fastest speed over distance that grip, power and brakes allow."""

import math
from dataclasses import dataclass

import numpy as np

from simrace.generator.track import Floats

GRAVITY = 9.80665
WHEELS = ("fl", "fr", "rl", "rr")


@dataclass(frozen=True)
class Car:
    """An invented car.

    Attributes:
        name: Name in result files.
        slug: Name inside a sim.
        car_id, class_id, class_name: As result files number and name them.
        mass_kg: Mass with driver.
        power_w: Power at the wheels.
        grip: Grip in g at standstill.
        downforce: Grip gained with speed, g per (m/s)^2.
        drag: Air drag in 1/m: deceleration in m/s2 per (m/s)^2.
        braking: Share of the grip that the brakes can use, in g at standstill.
        top_speeds_kph: Shift speed of each gear.
        redline_rpm: Engine speed at each shift.
        fuel_l_per_km: Fuel burned at racing speed.
    """

    name: str
    slug: str
    car_id: int
    class_id: int
    class_name: str
    mass_kg: float
    power_w: float
    grip: float
    downforce: float
    drag: float
    braking: float
    top_speeds_kph: tuple[float, ...]
    redline_rpm: float
    fuel_l_per_km: float

    def grip_mps2(self, speed_mps: Floats) -> Floats:
        """Acceleration the tyres can carry at a speed, m/s2."""
        return np.asarray(GRAVITY * (self.grip + self.downforce * speed_mps**2))

    def drive_mps2(self, speed_mps: Floats) -> Floats:
        """Acceleration at full throttle before drag, m/s2: traction at low speed, power above."""
        traction = 0.62 * self.grip * GRAVITY
        return np.minimum(traction, self.power_w / (self.mass_kg * np.maximum(speed_mps, 1.0)))


def speed_profile(
    car: Car, curvature: Floats, grip_factor: Floats, brake_factor: Floats, limit_mps: Floats, start_mps: float
) -> Floats:
    """Fastest speed at each metre, by one pass forwards (power) and one backwards (brakes).

    Args:
        car: The car.
        curvature: Signed curvature at each metre, 1/m.
        grip_factor: Share of the grip that the driver uses there.
        brake_factor: Share of the braking that the driver uses there.
        limit_mps: Upper bound, as on the pit road.
        start_mps: Speed at the first and the last metre.

    Returns:
        Speed in m/s, same shape as `curvature`.
    """
    mechanical = grip_factor * car.grip * GRAVITY
    aerodynamic = grip_factor * car.downforce * GRAVITY
    bend = np.abs(curvature)
    # v^2 |k| = mechanical + aerodynamic v^2
    cornering = mechanical / np.maximum(bend - aerodynamic, 1e-4)
    limits = np.minimum(cornering, limit_mps**2).tolist()
    limits[0] = limits[-1] = start_mps**2
    per_metre = list(zip(bend.tolist(), mechanical.tolist(), aerodynamic.tolist(), brake_factor.tolist(), strict=True))
    traction = 0.62 * car.grip * GRAVITY
    power = car.power_w / car.mass_kg
    braking = car.braking / car.grip

    energy = limits[0]  # twice the kinetic energy per kg: v^2
    forwards = [energy]
    for (bent, grip, aero, _), limit in zip(per_metre[:-1], limits[1:], strict=True):
        used = energy * bent / (grip + aero * energy)
        room = math.sqrt(1 - used * used) if used < 1 else 0.0
        push = min(traction * room, power / math.sqrt(energy))
        energy = min(limit, max(energy + 2 * (push - car.drag * energy), 1.0))
        forwards.append(energy)
    profile = forwards
    for at in range(len(profile) - 2, -1, -1):
        bent, grip, aero, factor = per_metre[at]
        total = grip + aero * energy
        used = energy * bent / total
        room = math.sqrt(1 - used * used) if used < 1 else 0.0
        energy = min(profile[at], energy + 2 * (braking * factor * total * room + car.drag * energy))
        profile[at] = energy
    return np.asarray(np.sqrt(profile))
