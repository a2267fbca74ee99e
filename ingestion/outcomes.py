"""What became of each file that was given."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ingestion.raw_tables import storable
from ingestion.reading import RefusedError


class State(StrEnum):
    """How a file ends, in exactly one of these ways."""

    LANDED = "landed"
    ALREADY_LANDED = "already_landed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        file_path: As it was found.
        state: Landed, already landed, or refused.
        file_id: SHA-256 of the bytes; None when they could not be read.
        file_bytes: Size of the content, unpacked.
        source_format: Name of the format; None when refused or already landed.
        refusal: Reason and detail when refused.
        given: Path of the file, or of the archive that it is in, as it was given; file_path when left out.
    """

    file_path: str
    state: State
    file_id: str | None = None
    file_bytes: int = 0
    source_format: str | None = None
    refusal: RefusedError | None = None
    given: str = ""


def unaccounted(paths: Iterable[object], outcomes: Iterable[Outcome]) -> list[str]:
    """Files and archives that were given and have no outcome. There are none, unless simrace has a fault."""
    told = {storable(outcome.given) for outcome in outcomes}
    return [path for path in map(storable, map(str, paths)) if path not in told]


def count_states(outcomes: Iterable[Outcome]) -> Counter[State]:
    """How many files ended in each state."""
    return Counter(outcome.state for outcome in outcomes)
