"""Lap times as drivers read them."""


def lap_time_text(seconds: float) -> str:
    """A lap time as timing screens write it: 107.654 s is 1:47.654."""
    minutes, thousandths = divmod(round(seconds * 1000), 60_000)
    return f"{minutes}:{thousandths // 1000:02}.{thousandths % 1000:03}"
