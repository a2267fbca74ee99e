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
    int: "a whole number",
    float: "a number",
    int | float: "a number",
}
# What has to be passed over to find the brackets of tables: texts and comments, which may hold any.
_TOKENS = re.compile(r'"""[\s\S]*?"""|' r"'''[\s\S]*?'''|" r'"(?:\\.|[^"\\\n])*"|' r"'[^'\n]*'|" r"#[^\n]*|[{}]")


class DeclarationError(ReadableError):
    """A declaration is wrong; the text says in which file and line, and what to change."""


@dataclass(frozen=True)
class Entry:
    """One entry of a declaration.

    Attributes:
        name: What stands in its brackets.
        values: What it declares, by key.
        file: Where it stands.
        line: Of its name, from 1; None where it was not found.
        text: The lines from there to the next entry.
    """

    name: str
    values: dict[str, Any]
    file: Path
    line: int | None
    text: str

    def wrong(self, told: str, *keys: str) -> DeclarationError:
        """The error to raise when the entry is wrong.

        Args:
            told: What is wrong, and what would be right.
            keys: Where: a key of the entry, and of a table inside of it one of its keys.
        """
        line = "" if self.line is None else f", line {self.line + self._lines_before(*keys)}"
        return DeclarationError(f"{self.file}{line}: [{self.name}] {told}.")

    def _lines_before(self, *keys: str) -> int:
        """How many lines below its name a key stands; as far as it is found."""
        place = 0
        for key in keys:
            name = rf"[\"']?{re.escape(key)}[\"']?"
            found = re.compile(rf"^[ \t]*(?:\[+[^\]\n]*\.[ \t]*{name}[ \t]*\]|{name}[ \t]*[=.])", re.MULTILINE)
            place = match.start() if (match := found.search(self.text, place)) else place
        return self.text.count("\n", 0, place)

    def parts(self, key: str) -> list["Entry"]:
        """The tables of a list inside of the entry, each as an entry with its own line.

        Raises:
            DeclarationError: there is something else.
        """
        tables = self.values.get(key, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self.wrong(f'needs for {key} a list of tables, such as [{{ name = "Speed" }}]', key)
        lines = self._lines_of_tables(key)
        if self.line is None or len(lines) < len(tables):
            lines = [self._lines_before(key)] * len(tables)
        return [
            Entry(f"{self.name}.{key}", table, self.file, None if self.line is None else self.line + line, "")
            for table, line in zip(tables, lines, strict=False)
        ]

    def _lines_of_tables(self, key: str) -> list[int]:
        """How many lines below its name each table of a list begins: `[[name.key]]`, or a bracket in `key = [`."""
        name = rf"[\"']?{re.escape(key)}[\"']?"
        headers = re.compile(rf"^[ \t]*\[\[[^\]\n]*\.[ \t]*{name}[ \t]*\]\]", re.MULTILINE)
        places = [found.start() for found in headers.finditer(self.text)]
        if not places and (begin := re.search(rf"^[ \t]*{name}[ \t]*=", self.text, re.MULTILINE)):
            places = [found.start() for found in _TOKENS.finditer(self.text, begin.end()) if found[0] == "{"]
        return [self.text.count("\n", 0, place) for place in places]

    def check(self, keys: Mapping[str, type], needed: Iterable[str] = ()) -> None:
        """Check that every key is known and has a value of its kind.

        Args:
            keys: The kind of each key: str, bool, int, float for any number, list for texts, dict for a table.
            needed: Keys that no entry does without.

        Raises:
            DeclarationError: a key or its value is wrong.
        """
        for key in needed:
            if not self.values.get(key):
                raise self.wrong(f"needs a {key}")
        self._check_kinds(self.values, keys)

    def check_part(self, part: str, keys: Mapping[str, type]) -> None:
        """Check the keys of a table inside of the entry, as `check` does those of the entry.

        Raises:
            DeclarationError: a key or its value is wrong.
        """
        self._check_kinds(self.values[part], keys, part)

    def check_values(self, part: str, kind: Any) -> None:
        """Check that all values of a table inside of the entry, if it is there, are of one kind.

        Raises:
            DeclarationError: a value is wrong.
        """
        values = self.values.get(part, {})
        self._check_kinds(values, dict.fromkeys(values, kind), part)

    def _check_kinds(self, values: Mapping[str, Any], keys: Mapping[str, Any], *part: str) -> None:
        where = "".join(f" in {name}" for name in part)
        for key, value in values.items():
            if key not in keys:
                told = f"has no key {key!r}{where}; there are: {', '.join(sorted(keys))}"
                raise self.wrong(told, *part, key)
            kind = keys[key]
            is_right = isinstance(value, int | float if kind is float else kind)
            if kind is not bool and isinstance(value, bool):
                is_right = False
            if not is_right or (kind is list and not all(isinstance(text, str) for text in value)):
                raise self.wrong(f"needs for {key}{where} {_KINDS[kind]}, not {value!r}", *part, key)


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
    found: list[tuple[str, dict[str, Any], int | None]] = []
    for name, value in declared.items():
        key = rf"[ \t]*[\"']?{re.escape(name)}[\"']?[ \t]*"
        header = re.compile(rf"^[ \t]*(?:\[{key}\]|\[\[{key}\]\]|{key}=)", re.MULTILINE)
        places: list[int | None] = [match.start() for match in header.finditer(text)]
        for number, values in enumerate(value if isinstance(value, list) else [value]):
            found.append((name, values, places[number] if number < len(places) else None))
    ends = sorted(place for _, _, place in found if place is not None)
    for name, values, place in found:
        line = None if place is None else text.count("\n", 0, place) + 1
        own = "" if place is None else text[place : next((end for end in ends if end > place), None)]
        entry = Entry(name, values, file, line, own)
        if not isinstance(values, dict):
            raise entry.wrong("is no entry; write its name in brackets on a line of its own, and its keys below")
        yield entry
