"""The session text of an iRacing log: YAML as the sim writes it, which no YAML reader always takes.

A name may hold quotes, colons or a comment sign, and is written as it is. So lines are read one by one: indentation
says what belongs to what, a value is all that follows the first colon of its line, and a line that fits nowhere is left
out. Values stay text.
"""

from collections.abc import Callable
from typing import Any

MAX_CHARACTERS = 1 << 20
MAX_DEPTH = 16


def read_session_text(text: str) -> dict[str, Any] | None:
    """The text as nested dictionaries and lists; None when it is longer than any sim writes."""
    if len(text) > MAX_CHARACTERS:
        return None
    reader = _Reader()
    for line in text.split("\n"):
        bare = line.strip(" \r\t")
        if bare and not bare.startswith(("---", "...", "#")):
            reader.take(len(line) - len(line.lstrip(" ")), bare)
    return reader.root


class _Reader:
    """Builds the tree. The stack has, from the outermost inwards, the open dictionaries and the key each stands at."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._open: list[tuple[int, dict[str, Any], str]] = []  # indentation, dictionary, its last key

    def take(self, indent: int, line: str) -> None:
        """Take a line without its indentation."""
        if line == "-" or line.startswith("- "):
            self._close(lambda depth: depth > indent)
            items = self._items()
            if items is None:
                return
            items.append({})
            inner = line[1:].lstrip(" ")
            indent += len(line) - len(inner)
            if inner:
                self._put(indent, items[-1], inner)
            return
        self._close(lambda depth: depth >= indent)
        if (parent := self._dictionary(indent)) is not None:
            self._put(indent, parent, line)

    def _close(self, is_done: Callable[[int], bool]) -> None:
        while self._open and is_done(self._open[-1][0]):
            self._open.pop()

    def _items(self) -> list[Any] | None:
        """The list at the last key; made if the key has no value yet."""
        if not self._open:
            return None
        _, parent, key = self._open[-1]
        if parent[key] == "":
            parent[key] = []
        return parent[key] if isinstance(parent[key], list) else None

    def _dictionary(self, indent: int) -> dict[str, Any] | None:
        """The dictionary that a key of this indentation belongs to."""
        if not self._open:
            return self.root if indent == 0 else None
        _, parent, key = self._open[-1]
        if parent[key] == "":
            parent[key] = {}
        found = parent[key]
        if isinstance(found, list) and found:
            found = found[-1]
        return found if isinstance(found, dict) else None

    def _put(self, indent: int, parent: dict[str, Any], line: str) -> None:
        key, colon, value = line.partition(":")
        if not colon or len(self._open) >= MAX_DEPTH:
            return
        value = value.strip(" ")
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        parent[key] = value
        self._open.append((indent, parent, key))
