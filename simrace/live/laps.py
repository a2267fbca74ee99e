"""What the running session of a stream needs to be known by: its laps so far, kept as a small state."""

from collections.abc import Sequence
from typing import Any

from simrace.live.frames import Frame

# Canonical channels that `advance` is given.
CHANNELS: tuple[str, ...] = (
    "lap_number",
    "lap_distance_m",
    "lap_distance_ratio",
    "lap_elapsed_s",
    "fuel_l",
    "speed_kph",
)


def advance(state: dict[str, Any], frames: Sequence[Frame]) -> dict[str, Any]:
    """Take the next frames of a session into its state.

    Args:
        state: What the last call returned; `{}` at the start of a session. It is not changed.
        frames: In the order of arrival.

    Returns:
        The state after them, which JSON can hold.
    """
    if not frames:
        return state
    return {
        "frame_count": state.get("frame_count", 0) + len(frames),
        "last_clock": max(frame.clock for frame in frames),
    }
