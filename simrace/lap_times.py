"""Lap times as drivers read them, and why a lap does not count."""

# Reasons of fct_laps in words.
PROBLEMS = {
    "incomplete": "not a whole lap",
    "pit": "through the pits",
    "out": "out of the pits",
    "in": "into the pits",
    "invalid": "an incident, or the car was moved",
    "caution": "under yellow",
    "slow": "too slow to count",
    "no_distance": "nothing tells where on the lap the car is",
    "gap": "a hole in the log",
    "stretched": "its time is not what its samples take",
    "moved": "the car was put back on the track",
    "wrong_length": "metres driven are not the layout's",
}


def lap_time_text(seconds: float) -> str:
    """A lap time as timing screens write it: 107.654 s is 1:47.654."""
    minutes, thousandths = divmod(round(seconds * 1000), 60_000)
    return f"{minutes}:{thousandths // 1000:02}.{thousandths % 1000:03}"
