"""Put right what stands in a JSON document and is no JSON: lines around it, and characters in its texts."""

import re

_COMMENT_LINES = re.compile(r"\s*(?://[^\n]*(?:\n\s*|$))+")
# also a text without an end, which would be tried again at each quote
_TEXT = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_CONTROL_CHARACTER = re.compile("[\0-\x1f]")


def without_comment_lines(text: str) -> tuple[str, int]:
    """The document between lines that begin with `//`, and how many of these stand before and behind it."""
    found = _COMMENT_LINES.match(text)
    start, end = found.end() if found else 0, len(text)
    count = sum(line.lstrip().startswith("//") for line in found[0].split("\n")) if found else 0
    while start < end:
        line_start = max(text.rfind("\n", start, end) + 1, start)
        line = text[line_start:end].strip()
        if line and not line.startswith("//"):
            break
        count += bool(line)
        end = max(line_start - 1, start)
    return (text[start:end], count) if count else (text, 0)


def with_escapes(text: str) -> tuple[str, int]:
    """The document with its control characters inside of texts as escapes, and how many these are."""
    count = 0

    def escaped(found: re.Match[str]) -> str:
        nonlocal count
        written, characters = _CONTROL_CHARACTER.subn(lambda character: f"\\u{ord(character[0]):04x}", found[0])
        count += characters
        return written

    return _TEXT.sub(escaped, text), count
