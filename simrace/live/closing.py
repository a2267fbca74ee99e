"""What happens when a session of a stream ends."""

from collections.abc import Sequence
from dataclasses import dataclass

from simrace.database.connection import ConnectionParameters


@dataclass(frozen=True)
class EndedSession:
    """A session of a stream whose end is in `raw.live_frames`."""

    stream: str
    session_mark: str


def close(parameters: ConnectionParameters, ended: Sequence[EndedSession]) -> None:
    """Take ended sessions on. It is called after their commit, in a thread of its own, one call at a time.

    Args:
        parameters: The database.
        ended: In the order they ended. A session may end again after it went on.
    """
