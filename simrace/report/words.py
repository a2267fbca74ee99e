"""How reports write places, names and lists."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any


def ordinal(number: int) -> str:
    """A place as people say it: 1st, 2nd, 3rd, 11th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def listed(words: Sequence[str], most: int | None = None) -> str:
    """Words with commas and an and.

    Args:
        words: At least one.
        most: How many are named; the others are counted.
    """
    if most is not None and len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def counted(number: int, word: str) -> str:
    """A number and its word: 1 lap, 2 laps."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def times(number: int) -> str:
    """How often: once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def joined(*parts: Any) -> str:
    """The parts that are there, with commas between."""
    return ", ".join(str(part) for part in parts if part not in (None, ""))


def moment(at: datetime | None) -> str | None:
    """A date and time in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else None


def shortened(name: str, most: int) -> str:
    """A name that fits."""
    return name if len(name) <= most else f"{name[: most - 1]}…"
