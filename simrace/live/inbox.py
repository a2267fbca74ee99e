"""Messages between the threads that receive and the one that writes: bounded, so that a slow database slows reading."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

BYTES = 32 << 20


@dataclass(slots=True)
class Message:
    """What a source received.

    Attributes:
        source: Name of the source, as `raw.live_sources` has it.
        offset: Its place there.
        key: What tells the cars of the source apart; blank where nothing does.
        payload: Its bytes.
        arrived_at: When it came, in seconds since 1970.
        topic: Topic it was sent to, where that may tell something.
        is_packet: Whether it is a packet of a game, and else JSON.
        is_waited_for: Whether its sender waits for the commit.
        done: Called after the commit with what became of its frames.
    """

    source: str
    offset: int
    key: str
    payload: bytes
    arrived_at: float
    topic: str = ""
    is_packet: bool = False
    is_waited_for: bool = False
    done: Callable[["Tally"], None] | None = None


@dataclass(slots=True)
class Tally:
    """What became of the frames of a message."""

    frames: int = 0
    repeated: int = 0
    refused: int = 0
    reason: str = ""


class Inbox:
    """A queue of messages with room for a number of bytes."""

    def __init__(self, room: int = BYTES) -> None:
        self._room, self._bytes = room, 0
        self._messages: deque[Message] = deque()
        self._changed = threading.Condition()
        self._is_closed = False

    def put(self, messages: Sequence[Message]) -> bool:
        """Add messages; wait while there is no room. Return False where nobody takes them any more."""
        size = sum(len(each.payload) + 200 for each in messages)
        with self._changed:
            while self._bytes and self._bytes + size > self._room and not self._is_closed:
                self._changed.wait()
            if self._is_closed:
                return False
            self._messages.extend(messages)
            self._bytes += size
            self._changed.notify_all()
        return True

    def take(self, timeout: float, at_most: int = 500) -> list[Message]:
        """Messages in their order; none where none came in time."""
        until = time.monotonic() + timeout
        with self._changed:
            while not self._messages and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            taken = [self._messages.popleft() for _ in range(min(at_most, len(self._messages)))]
            self._bytes -= sum(len(each.payload) + 200 for each in taken)
            if taken:
                self._changed.notify_all()
            return taken

    def close(self) -> None:
        """Let those go that wait to put something in."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
