"""Laps of which it is known what makes them fast or slow, as `read_laps` has them."""

import numpy as np
import pandas as pd

PER_LITRE, PER_LAP, PER_DEGREE = 0.03, 0.06, 0.05  # percent of the lap time


def stints(seed: int = 1, sessions: int = 60, laps: int = 16, luck: float = 0.35, known: float = 1.0) -> pd.DataFrame:
    """Stints of four drivers on two layouts, whose laps get slower with fuel, worn tyres and a hot track.

    Args:
        seed: Of all that is drawn.
        sessions: How many, a day apart.
        laps: Of each, after the lap out of the pits.
        luck: Spread of what nobody can know, in percent of the lap time.
        known: How much of the rest there is; with 0 all is luck.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for at in range(sessions):
        layout, driver = at % 2, at // 2 % 4
        fuel, heat = rng.uniform(30, 60), rng.uniform(18, 45)
        start = pd.Timestamp("2031-01-01", tz="UTC") + pd.Timedelta(days=at)
        clock = float(start.timestamp()) + 100
        for lap in range(laps):
            slower = known * (PER_LITRE * (fuel - 30) + PER_LAP * lap + PER_DEGREE * (heat - 30))
            time = round((90 + 20 * layout + driver) * (1 + (slower + luck * rng.normal()) / 100), 3)
            rows.append(
                {
                    "session_id": f"session {at:03}",
                    "lap_number": float(lap + 1),
                    "driver_id": f"iracing:{driver}",
                    "car_id": "iracing:8",
                    "layout_id": f"layout {layout}",
                    "layout_key": f"layout {layout}",
                    "stint_lap": float(lap + 2),
                    "lap_time_s": time,
                    "fuel_at_start_l": fuel,
                    "air_temp_c": heat - 8,
                    "track_temp_c": heat,
                    "feature_cutoff_at": str(start),
                    "began_s": round(clock, 3),
                    "ended_s": round(clock + time, 3),
                }
            )
            clock += time
            fuel -= 1.8
    return pd.DataFrame(rows)
