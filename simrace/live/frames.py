"""What a frame is."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Frame:
    """What a car sent of one moment.

    Attributes:
        clock: Time of the session in seconds, as the frame has it. It may be before that of an earlier frame.
        offset: Place in its source.
        arrived_at: When it came, in seconds since 1970; with Kafka, when the broker got it.
        channels: Canonical channels by the channel seed, in canonical units; only those of `values.CHANNELS`, and of
            these only what the frame has as a finite number.
        sequence: Number that the sender gave it; None where it gives none.
        text: The frame as JSON on one line.
        packets: Bytes of a game, each packet after its length; empty for frames that came as JSON.
    """

    clock: float
    offset: int
    arrived_at: float
    channels: Mapping[str, float] = field(default_factory=dict)
    sequence: int | None = None
    text: str = ""
    packets: bytes = b""
