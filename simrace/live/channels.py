"""What the values of a frame mean: the channel seed, as dbt reads it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simrace.build.seed_files import read_seed
from simrace.live.formats import at, split

CLOCK = "elapsed_s"


@dataclass(frozen=True)
class Place:
    """Where a channel is in a frame: canonical value = value x factor + offset."""

    steps: tuple[str, ...]
    factor: float
    offset: float

    def read(self, values: Mapping[str, Any]) -> float | None:
        """The canonical value; None where there is no finite number."""
        found = values.get(self.steps[0]) if len(self.steps) == 1 else at(values, self.steps)
        if type(found) is not float and type(found) is not int and type(found) is not bool:
            return None
        value = found * self.factor + self.offset
        return value if math.isfinite(value) else None


class Plan:
    """Places of the canonical channels of a format, those of each channel by their priority."""

    def __init__(self, places: Mapping[str, list[Place]], wanted: Iterable[str]) -> None:
        self._clock = places.get(CLOCK, [])
        self._wanted = [(channel, places[channel]) for channel in wanted if channel in places]

    @property
    def has_clock(self) -> bool:
        """Whether the seed says where the time of a frame is."""
        return bool(self._clock)

    def clock(self, values: Mapping[str, Any]) -> float | None:
        """The time of a frame in seconds; None where it has none."""
        for place in self._clock:
            if (value := place.read(values)) is not None:
                return value
        return None

    def read(self, values: Mapping[str, Any]) -> dict[str, float]:
        """The channels that are wanted, in canonical units."""
        read = {}
        for channel, places in self._wanted:
            for place in places:
                if (value := place.read(values)) is not None:
                    read[channel] = value
                    break
        return read


def read_plans(project: Path, wanted: Iterable[str]) -> dict[str, Plan]:
    """The plan of each format in the seed of a project; rows for single devices say nothing of live frames.

    Args:
        project: Folder of the dbt project.
        wanted: Canonical channels.

    Raises:
        SeedError: something in a file of the seed is wrong.
    """
    found: dict[str, dict[str, list[tuple[int, Place]]]] = {}
    for row in read_seed(project, "telemetry_channels"):
        if row["source_unit"] or row["only_device"]:
            continue
        place = Place(split(row["source_channel"]), float(row["factor"]), float(row["offset_value"]))
        of_format = found.setdefault(row["source_format"], {})
        of_format.setdefault(row["canonical_channel"], []).append((int(row["priority"]), place))
    wanted = list(wanted)
    return {
        name: Plan(
            {
                channel: [place for _, place in sorted(places, key=lambda each: each[0])]
                for channel, places in of.items()
            },
            wanted,
        )
        for name, of in found.items()
    }
