"""JSON messages as frames: what PostgreSQL would not read as jsonb is refused here, frame by frame."""

import json
from collections.abc import Iterator
from typing import Any

import orjson

FRAME_BYTES = 65_536
MESSAGE_BYTES = 4 << 20
DEPTH = 8
FRAMES_A_MESSAGE = 10_000

# What Python reads and jsonb may not: numbers beyond double precision, characters that no text can have. A text in
# which one of these stands once each digit is a 0 is looked at closely; a regular expression takes longer than reading.
_DOUBTFUL = ("\\u0000", "0" * 100)
_EXPONENTS = tuple(f"{e}{sign}000" for e in "eE" for sign in ("", "+", "-"))
_DIGITS = str.maketrans("123456789", "0" * 9)


class FrameError(Exception):
    """A frame that cannot be read.

    Attributes:
        reason: One of those that docs/live.md has.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_message(payload: bytes) -> Iterator[tuple[str, dict[str, Any] | FrameError]]:
    """The frames of a message: one object, a JSON array of objects, or an object a line.

    Args:
        payload: The message.

    Yields:
        The text of a frame on one line and its values, or why it cannot be read.
    """
    if len(payload) > MESSAGE_BYTES:
        head = payload[:FRAME_BYTES].decode("utf-8", "replace")
        yield head, FrameError("too_large", f"{len(payload):,} bytes; a message has at most {MESSAGE_BYTES:,}")
        return
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        yield payload[:FRAME_BYTES].decode("utf-8", "replace"), FrameError("not_json", f"no UTF-8: {error.reason}")
        return
    text = text.strip()
    if text.startswith("["):
        yield from _read_array(text)
        return
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1 and not _is_object(lines[0]) and _is_json(text):  # one object over several lines
        lines = [text.replace("\r", " ").replace("\n", " ")]
    for line in lines or [""]:
        yield _read_frame(line.strip())


def _is_object(line: str) -> bool:
    line = line.strip()
    return line.startswith("{") and line.endswith("}")


def _is_json(text: str) -> bool:
    try:
        _DECODER.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _read_array(text: str) -> Iterator[tuple[str, dict[str, Any] | FrameError]]:
    position, end = 1, len(text) - 1
    first = True
    while True:
        position = _skip(text, position)
        if position == end and text[end] == "]":
            return
        if not first:
            if text[position : position + 1] != ",":
                yield (
                    text[position : position + FRAME_BYTES],
                    FrameError("not_json", f"no `,` at character {position + 1}"),
                )
                return
            position = _skip(text, position + 1)
        first = False
        try:
            _, after = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            yield text[position : position + FRAME_BYTES], FrameError("not_json", _words(error))
            return
        yield _read_frame(text[position:after].replace("\r", " ").replace("\n", " "))
        position = after


def _skip(text: str, position: int) -> int:
    while text[position : position + 1] in (" ", "\t", "\r", "\n") and position < len(text):
        position += 1
    return position


def _read_frame(text: str) -> tuple[str, dict[str, Any] | FrameError]:
    if len(text) > FRAME_BYTES or (not text.isascii() and len(text.encode()) > FRAME_BYTES):
        return text[:FRAME_BYTES], FrameError(
            "too_large", f"{len(text):,} characters; a frame has {FRAME_BYTES:,} bytes"
        )
    try:
        values = orjson.loads(text)
    except ValueError as error:
        return text, FrameError("not_json", _words(error))
    if type(values) is not dict:
        return text, FrameError("not_an_object", f"it is {type(values).__name__}; a frame is an object with names")
    if text.count("{") + text.count("[") > DEPTH and _depth(values) > DEPTH:
        return text, FrameError("not_json", f"objects within objects, more than {DEPTH} deep")
    plain = text.translate(_DIGITS)
    is_doubtful = any(sign in plain for sign in _DOUBTFUL) or any(_has(plain, each) for each in _EXPONENTS)
    if is_doubtful and (doubt := _doubt(text)):
        return text, FrameError("not_json", doubt)
    return text, values


def _has(plain: str, exponent: str) -> bool:
    """Whether a number with such an exponent may be in a text whose digits are 0: an id in hex has many of these."""
    place = plain.find(exponent)
    while place >= 0:
        begin = len(plain[:place].rstrip("0.-"))
        if begin < place and plain[begin - 1] in ":,[ \t":
            return True
        place = plain.find(exponent, place + 1)
    return False


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no number of JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _words(error: Exception) -> str:
    return "too deep" if isinstance(error, RecursionError) else str(error)[:200]


def _depth(values: Any) -> int:
    """How deep objects and lists are within others; it stops where it is too deep."""
    deepest, waiting = 0, [(values, 1)]
    while waiting:
        value, depth = waiting.pop()
        deepest = max(deepest, depth)
        if depth > DEPTH:
            return depth
        inner = value.values() if isinstance(value, dict) else value
        waiting += [(each, depth + 1) for each in inner if isinstance(each, dict | list)]
    return deepest


def _doubt(text: str) -> str | None:
    """What a database could not take of a frame that Python read."""
    found: list[str] = []

    def number(digits: str) -> float:
        value, mantissa = float(digits), digits.lower().partition("e")[0]
        if value in (float("inf"), float("-inf")) or len(digits) > 400 or (value == 0 and mantissa.strip("-.0")):
            found.append(f"{digits[:20]}... is no number of double precision")
        return value

    def whole(digits: str) -> float:
        return number(digits)

    def look(value: Any) -> None:
        if isinstance(value, str) and ("\0" in value or any("\ud800" <= each <= "\udfff" for each in value)):
            found.append("characters that no text can have")
        elif isinstance(value, dict):
            for name, each in value.items():
                look(name)
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(json.loads(text, parse_float=number, parse_int=whole))
    return found[0] if found else None
