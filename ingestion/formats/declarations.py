"""Read the formats that TOML files declare, and say which line is wrong.

They are read when they are first needed and not when a module is imported, so that a mistake is told as a sentence.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.errors import ReadableError

# What an entry can hold, in words of the people who write it.
_KINDS: dict[Any, str] = {
    str: "a text in quotation marks",
    bool: "true or false",
    list: "a list of texts",
    dict: "a table, such as { key = 1 }",
    float: "a number",
    int | float: "a number",
}


class DeclarationError(ReadableError):
    """A declaration is wrong; the text says in which file and line, and what to change."""


@dataclass(frozen=True)
class Entry:
    """One entry of a declaration.

    Attributes:
        name: What stands in its brackets.
        values: What it declares, by key.
        place: File and line, for people.
    """

    name: str
    values: dict[str, Any]
    place: str

    def wrong(self, told: str) -> DeclarationError:
        """The error to raise when the entry is wrong.

        Args:
            told: What is wrong, and what would be right.
        """
        return DeclarationError(f"{self.place}: [{self.name}] {told}.")

    def check(self, keys: Mapping[str, type], needed: Iterable[str] = ()) -> None:
        """Check that every key is known and has a value of its kind.

        Args:
            keys: The kind of each key: str, bool, float for any number, list for texts, dict for a table.
            needed: Keys that no entry does without.

        Raises:
            DeclarationError: a key or its value is wrong.
        """
        for key in needed:
            if not self.values.get(key):
                raise self.wrong(f"needs a {key}")
        self._check_kinds(self.values, keys, "")

    def check_part(self, part: str, keys: Mapping[str, type]) -> None:
        """Check the keys of a table inside of the entry, as `check` does those of the entry.

        Raises:
            DeclarationError: a key or its value is wrong.
        """
        self._check_kinds(self.values[part], keys, f" in {part}")

    def check_values(self, part: str, kind: Any) -> None:
        """Check that all values of a table inside of the entry, if it is there, are of one kind.

        Raises:
            DeclarationError: a value is wrong.
        """
        values = self.values.get(part, {})
        self._check_kinds(values, dict.fromkeys(values, kind), f" in {part}")

    def _check_kinds(self, values: Mapping[str, Any], keys: Mapping[str, Any], where: str) -> None:
        for key, value in values.items():
            if key not in keys:
                raise self.wrong(f"has no key {key!r}{where}; there are: {', '.join(sorted(keys))}")
            kind = keys[key]
            is_right = isinstance(value, int | float if kind is float else kind)
            if kind is not bool and isinstance(value, bool):
                is_right = False
            if not is_right or (kind is list and not all(isinstance(text, str) for text in value)):
                raise self.wrong(f"needs for {key}{where} {_KINDS[kind]}, not {value!r}")


def read_entries(file: Path) -> list[Entry]:
    """The entries of a file, in its order: `[name]` is one, and so is each `[[name]]`.

    Raises:
        DeclarationError: the file cannot be read, or is no TOML.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        declared = tomllib.loads(text)
    except OSError as error:
        raise DeclarationError(f"{file} cannot be read: {error.strerror}. Install simrace anew.") from error
    except UnicodeDecodeError as error:
        raise DeclarationError(f"{file} is not UTF-8: {error}. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise DeclarationError(f"{file} is not TOML: {error}. Put that right; its first lines say how.") from error
    return list(_entries(file, text, declared))


def _entries(file: Path, text: str, declared: dict[str, Any]) -> Iterator[Entry]:
    for name, value in declared.items():
        key = rf"[ \t]*[\"']?{re.escape(name)}[\"']?[ \t]*"
        header = re.compile(rf"^[ \t]*(?:\[{key}\]|\[\[{key}\]\]|{key}=)", re.MULTILINE)
        lines = [text.count("\n", 0, found.start()) + 1 for found in header.finditer(text)]
        for number, values in enumerate(value if isinstance(value, list) else [value]):
            line = f", line {lines[number]}" if number < len(lines) else ""
            entry = Entry(name, values, f"{file}{line}")
            if not isinstance(values, dict):
                raise entry.wrong("is no entry; write its name in brackets on a line of its own, and its keys below")
            yield entry
