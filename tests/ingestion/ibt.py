"""Makes small iRacing logs for tests, with whatever is wrong in them."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

TEXT = b"---\nWeekendInfo:\n TrackName: alderbrook\n...\n"
CODES = {
    "char": (0, "u1"),
    "bool": (1, "u1"),
    "int": (2, "<i4"),
    "bits": (3, "<u4"),
    "float": (4, "<f4"),
    "double": (5, "<f8"),
}
HEADER = struct.Struct("<10i8x2i56xq2d2i")


@dataclass(frozen=True)
class Variable:
    name: str
    kind: str = "float"
    count: int = 1
    is_time: bool = False
    gap: int = 0  # bytes of the record before it that belong to no variable


VARIABLES = (Variable("SessionTime", "double"), Variable("Lap", "int"), Variable("Speed"), Variable("OnTrack", "bool"))


def random_records(length: int, count: int, bools: Sequence[int] = ()) -> bytes:
    """Records of random bytes; at the offsets given stand booleans."""
    made = np.random.default_rng(length).integers(0, 256, (count, length)).astype("u1")
    for offset in bools:
        made[:, offset] %= 2
    return made.tobytes()


def ibt(
    variables: Sequence[Variable] = VARIABLES,
    count: int = 2_000,
    text: bytes = TEXT,
    rest: bytes = b"",
    data: bytes | None = None,
    padding: bytes = b"",
    **header: Any,
) -> bytes:
    """A log. Fields of the header are right unless they are given."""
    headers, length, bools = b"", 0, []
    for variable in variables:
        code, dtype = CODES[variable.kind]
        offset = length + variable.gap
        bools += [offset + each for each in range(variable.count) if variable.kind == "bool"]
        headers += struct.pack(
            "<3i?3x32s64s32s", code, offset, variable.count, variable.is_time, variable.name.encode(), b"what", b"m/s"
        )
        length = offset + variable.count * np.dtype(dtype).itemsize
    values = {
        "version": 2, "status": 1, "rate": 60, "update": 0, "text_length": len(text),
        "text_offset": 144 + len(headers), "variable_count": len(variables), "variables_offset": 144, "buffers": 1,
        "length": length,
        "tick": 7, "data_offset": 144 + len(headers) + len(text) + len(padding), "date": 1_700_000_000,
        "start": 10.0, "end": 20.0, "laps": 1, "records": count,
    } | header  # fmt: skip
    if data is None:
        data = random_records(length, count, bools)
    return HEADER.pack(*values.values()) + headers + text + padding + data + rest


# What cannot be: each is refused at the header as malformed.
BROKEN = {
    "half a header": ibt()[:100],
    "no variables": ibt(variable_count=0),
    "variables without end": ibt(variable_count=2**31 - 1),
    "a negative number of variables": ibt(variable_count=-4),
    "more variables than bytes": ibt(variable_count=9_999),
    "records of no length": ibt(length=0),
    "records of negative length": ibt(length=-17),
    "records of 2 GB": ibt(length=2**31 - 1),
    "records shorter than their variables": ibt(length=16),
    "records before the header": ibt(data_offset=-1),
    "records in the header": ibt(data_offset=100),
    "records behind the end": ibt(data_offset=2**31 - 1),
    "records on the text": ibt(data_offset=720 + 10),
    "text of negative length": ibt(text_length=-1),
    "text without end": ibt(text_length=2**31 - 1),
    "text before the file": ibt(text_offset=-5),
    "text on the header": ibt(text_offset=100),
    "text among the records": ibt(text_offset=5_000),
    "variables before the file": ibt(variables_offset=-144),
    "variables on the header": ibt(variables_offset=0),
    "variables behind the end": ibt(variables_offset=2**31 - 1),
    "a type that is none": ibt().replace(b"\5\0\0\0\0\0\0\0\1\0\0\0", b"\x09\0\0\0\0\0\0\0\1\0\0\0"),
    "an offset before the record": ibt().replace(b"\4\0\0\0\x0c\0\0\0", b"\4\0\0\0\xff\xff\xff\xff"),
    "two variables in one place": ibt().replace(b"\4\0\0\0\x0c\0\0\0", b"\4\0\0\0\x08\0\0\0"),
    "an array without end": ibt().replace(b"\x0c\0\0\0\1\0\0\0", b"\x0c\0\0\0\xff\xff\xff\x7f"),
    "an array of nothing": ibt().replace(b"\x0c\0\0\0\1\0\0\0", b"\x0c\0\0\0\0\0\0\0"),
    "too many channels": ibt((Variable("Many", "char", 10_001),), 3),
}
