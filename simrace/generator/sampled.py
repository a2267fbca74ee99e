"""A session at several rates at once, and the readings of it that logs store."""

from collections.abc import Callable

import numpy as np

from simrace.generator.session import Channels, Session
from simrace.generator.track import Floats

Read = Callable[[Channels], Floats]
PSI_PER_KPA = 1 / 6.894757
DEGREES = 180 / np.pi


class Sampled:
    """A session's channels by rate, each rate read once."""

    def __init__(self, session: Session) -> None:
        """Read nothing yet."""
        self._session = session
        self._by_rate: dict[int, Channels] = {}

    def at(self, rate_hz: int) -> Channels:
        """Channels from the start on, (samples,)."""
        if rate_hz not in self._by_rate:
            times = np.arange(int(self._session.duration_s * rate_hz)) / rate_hz
            self._by_rate[rate_hz] = self._session.at_times(times)
        return self._by_rate[rate_hz]


def of(name: str, factor: float = 1.0) -> Read:
    """A channel times a factor."""
    return lambda channels: channels[name] * factor


def above(name: str, limit: float) -> Read:
    """1 where a channel is above a limit, else 0."""
    return lambda channels: (channels[name] > limit).astype(float)


def always(value: float) -> Read:
    """The same at all times."""
    return lambda channels: np.full_like(channels["time_s"], value)
