"""Formats that are refused by name, as `not_read_yet.toml` declares them."""

import re
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from ingestion.formats.declarations import Entry, read_entries

DECLARED = Path(__file__).with_suffix(".toml")
HEAD_BYTES = 4_096


@dataclass(frozen=True)
class NotReadYet:
    """A format that is recognised only to refuse its files by name.

    Attributes:
        title: What people call it.
        way_out: What its owner can do today.
        first_bytes: Patterns of hexadecimal digits, one of which the file begins with; `..` is any byte.
        begins: Texts, one of which the file begins with, after white space, in upper or lower case.
        contains: Texts that all occur.
        lacks: Texts that do not occur.
        keys: Keys of a JSON object, or of the first object of a list.
    """

    title: str
    way_out: str = ""
    first_bytes: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """What the refusal of such a file says."""
        return f"{self.title}: {self.way_out}" if self.way_out else self.title

    def is_of_bytes(self, head: bytes) -> bool:
        """Whether a file that begins with these bytes is of this format."""
        return any(_matches(pattern, head) for pattern in self.first_bytes)

    def is_of_text(self, head: str) -> bool:
        """Whether a text that begins like this is of this format."""
        start = head[:HEAD_BYTES].lstrip().lower()
        return (
            bool(self.begins or self.contains)
            and (not self.begins or start.startswith(tuple(text.lower() for text in self.begins)))
            and all(text in head for text in self.contains)
            and not any(text in head for text in self.lacks)
        )

    def is_of_json(self, document: Any) -> bool:
        """Whether a JSON document is of this format."""
        first = document[0] if isinstance(document, list) and document else document
        return bool(self.keys) and isinstance(first, dict) and first.keys() >= set(self.keys)


_KEYS = {"title": str, "way_out": str} | {
    field.name: list for field in fields(NotReadYet) if field.name not in ("title", "way_out")
}
_RECOGNISED_BY = {"first_bytes", "begins", "contains", "keys"}
_PATTERN = re.compile(r"(?: *(?:[0-9a-f]{2}|[.]{2}))+", re.IGNORECASE)


def _matches(pattern: str, head: bytes) -> bool:
    return re.match(pattern.replace(" ", "").lower(), head[: len(pattern)].hex()) is not None


@cache
def not_read_yet(declared: Path = DECLARED) -> tuple[NotReadYet, ...]:
    """The formats that a file declares.

    Raises:
        DeclarationError: the declaration cannot be understood.
    """
    return tuple(map(_not_read_yet, read_entries(declared)))


def _not_read_yet(entry: Entry) -> NotReadYet:
    entry.check(_KEYS, needed=["title"])
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.values.items()
    }
    if not values.keys() & _RECOGNISED_BY:
        raise entry.wrong(f"needs one of: {', '.join(sorted(_RECOGNISED_BY))}")
    for pattern in values.get("first_bytes", ()):
        if not _PATTERN.fullmatch(pattern):
            raise entry.wrong(f"has the first bytes {pattern!r}; each is two hexadecimal digits, or `..` for any")
    return NotReadYet(**values)
