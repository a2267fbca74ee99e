"""Read a file's bytes as text: encoding, line ends, and whether the database would take it."""

import codecs
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from ingestion.errors import ReadableError
from ingestion.settings import has_pseudonyms

CHUNK_BYTES = 1 << 20
HEAD_BYTES = 1 << 18
LINES_PER_BLOCK = 1_000
BLOCK_CHARACTERS = 2 << 20  # dlt holds about 20; at least HEAD_BYTES: the first has all before the data
MAX_LINE_CHARACTERS = CHUNK_BYTES
MAX_QUOTED = 120
BINARY = "binary"  # in place of an encoding, for a log, which is no text
_JSON = re.compile(r"\s*(?://[^\n]*\n\s*)*(\{|\[\s*([\[{\"\d\]-]|true\b|false\b|null\b|$))")


class Reason(StrEnum):
    """Why a file is refused; `sentence` says it to people."""

    UNKNOWN_FORMAT = "unknown_format"
    KNOWN_NOT_SUPPORTED = "known_not_supported"
    EMPTY = "empty"
    NO_DATA = "no_data"
    MALFORMED = "malformed"
    UNDECODABLE = "undecodable"
    NUL_CHARACTERS = "nul_characters"
    TRUNCATED_ARCHIVE = "truncated_archive"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    FORGOTTEN = "forgotten"

    @property
    def sentence(self) -> str:
        """One sentence for people, with the way out."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.UNKNOWN_FORMAT: (
        "No known format looks like this file; see `Add a logger or a format` in the README, and what `simrace format "
        "check` says of it."
    ),
    Reason.KNOWN_NOT_SUPPORTED: (
        "The format is known but not read yet; export the session in one that is. After an update of simrace, "
        "`simrace replay` tries again."
    ),
    Reason.EMPTY: "The file has no bytes; export it again.",
    Reason.NO_DATA: "The file has its first lines but no rows of data under them; export it again.",
    Reason.MALFORMED: "The file is of a known kind but its structure is broken; export it again.",
    Reason.UNDECODABLE: "The bytes are not text in UTF-8, UTF-16 or Windows-1252; if it is a text, export it as UTF-8.",
    Reason.NUL_CHARACTERS: "The text holds NUL characters, which no database takes; the file is probably damaged.",
    Reason.TRUNCATED_ARCHIVE: "The archive ends too early or is damaged; download or pack it again.",
    Reason.TOO_LARGE: "A line or a document is larger than any sim writes; split the file.",
    Reason.UNREADABLE: "The file could not be read; check that it exists and that you may read it.",
    Reason.FORGOTTEN: "It was forgotten on purpose; `simrace land --include-forgotten PATH` brings it back.",
}


class RefusedError(Exception):
    """A file that cannot be landed.

    Attributes:
        reason: Which of the known reasons.
        detail: What was seen, and where.
    """

    def __init__(self, reason: Reason, detail: str, quoted: str = "") -> None:
        """Say why.

        Args:
            reason: Which of the known reasons.
            detail: What was seen and where, in words of simrace.
            quoted: Text of the file itself. It may name a driver, so it is left out when drivers have pseudonyms.
        """
        if quoted and not has_pseudonyms():
            detail = f"{detail}: {quoted[:MAX_QUOTED]!r}"
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class ChangedWhileReadError(Exception):
    """A file was changed after it had been hashed.

    Attributes:
        file_path: The file, as it was found.
    """

    def __init__(self, file_path: str) -> None:
        super().__init__(f"{file_path} was written to while it was read")
        self.file_path = file_path


class LandingError(ReadableError):
    """Landing stopped; the text says why, and what became of the batch."""


@dataclass(frozen=True)
class Content:
    """A file's bytes, read once from end to end.

    Attributes:
        path: Where the bytes are.
        file_id: SHA-256 of the bytes, in hexadecimal.
        text_id: SHA-256 of the text as UTF-8 with plain line feeds, in hexadecimal: copies in other encodings share it.
            None for a log.
        file_bytes: Number of bytes.
        encoding: utf-8, utf-16-le, utf-16-be or cp1252; binary for a log, which is no text.
        has_bom: Whether a byte order mark stands first.
        newline: lf, crlf, mixed, or none for a text of one line and for a log.
        line_count: Number of lines; the last one counts even without a line end. A log has none.
        head: The first characters, at most HEAD_BYTES.
    """

    path: Path
    file_id: str
    text_id: str | None
    file_bytes: int
    encoding: str
    has_bom: bool
    newline: str
    line_count: int
    head: str


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes in hexadecimal, without holding the file in memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_content(path: Path, on_bytes: Callable[[int], object] = lambda _: None) -> Content:
    """Hash a file, find its encoding and prove that all of it is text that PostgreSQL takes.

    Args:
        path: File to read.
        on_bytes: Called with the number of bytes of each chunk, for a progress bar.

    Raises:
        RefusedError: empty, undecodable, nul_characters, or too_large (a line).
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        raise RefusedError(Reason.EMPTY, "0 bytes")
    for encoding in _likely_encodings(head):
        try:
            return _read_as(path, encoding, on_bytes)
        except UnicodeDecodeError as error:
            last = error
    at = f"byte {last.start} of a piece" if last.encoding.startswith("utf-16") else f"0x{last.object[last.start]:02x}"
    raise RefusedError(Reason.UNDECODABLE, f"{at} is no character of {encoding}")


def read_binary(path: Path, on_bytes: Callable[[int], object] = lambda _: None) -> Content:
    """Hash a binary log.

    Args:
        path: File to read.
        on_bytes: Called with the number of bytes of each chunk, for a progress bar.

    Raises:
        OSError: the file cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            on_bytes(len(chunk))
    return Content(
        path=path,
        file_id=digest.hexdigest(),
        text_id=None,
        file_bytes=size,
        encoding=BINARY,
        has_bom=False,
        newline="none",
        line_count=0,
        head="",
    )


def _likely_encodings(head: bytes) -> tuple[str, ...]:
    # UTF-16 without a mark shows by its first characters: they are ASCII, so every other byte is NUL, in no binary.
    first = head[:8]
    if head.startswith(codecs.BOM_UTF16_LE) or (first[1::2].count(0) == len(first) // 2 > 0 == first[::2].count(0)):
        return ("utf-16-le",)
    if head.startswith(codecs.BOM_UTF16_BE) or (first[::2].count(0) == len(first) // 2 > 0 == first[1::2].count(0)):
        return ("utf-16-be",)
    return ("utf-8", "cp1252")


def _read_as(path: Path, encoding: str, on_bytes: Callable[[int], object]) -> Content:
    decoder = codecs.getincrementaldecoder(encoding)()
    digest, text_digest = hashlib.sha256(), _TextDigest()
    head, size, line_ends, carriage_line_ends, line_length = "", 0, 0, 0, 0
    has_bom, last_character = False, ""
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            text = decoder.decode(chunk)
            if size == 0 and text.startswith("\ufeff"):
                has_bom, text = True, text[1:]
            if len(head) < HEAD_BYTES:
                head += text[: HEAD_BYTES - len(head)]
            if (nul := text.find("\0")) >= 0:
                line = line_ends + text.count("\n", 0, nul) + 1
                raise RefusedError(Reason.NUL_CHARACTERS, f"NUL character in line {line}")
            line_ends += (found := text.count("\n"))
            carriage_line_ends += text.count("\r\n") + (last_character == "\r" and text.startswith("\n"))
            # No chunk holds more characters than the limit, so a line over it crosses the border of two chunks.
            line_length = line_length + text.find("\n") if found else line_length + len(text)
            if line_length > MAX_LINE_CHARACTERS and not _is_document(head):
                raise RefusedError(Reason.TOO_LARGE, f"a line of over {MAX_LINE_CHARACTERS:,} characters")
            if found:
                line_length = len(text) - text.rfind("\n") - 1
            text_digest.update(text)
            size += len(chunk)
            last_character = text[-1:] or last_character
            on_bytes(len(chunk))
    decoder.decode(b"", final=True)
    newline = {0: "lf", line_ends: "crlf"}.get(carriage_line_ends, "mixed") if line_ends else "none"
    return Content(
        path=path,
        file_id=digest.hexdigest(),
        text_id=text_digest.hexdigest(),
        file_bytes=size,
        encoding=encoding,
        has_bom=has_bom,
        newline=newline,
        line_count=line_ends + (last_character != "\n"),
        head=head,
    )


class _TextDigest:
    """Hashes the pieces of a text, without its encoding and the kind of its line ends."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._held = ""  # a carriage return at the end of a piece: the next one says whether a line ends there

    def update(self, text: str) -> None:
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        self._digest.update(text.removesuffix("\r").replace("\r\n", "\n").encode())

    def hexdigest(self) -> str:
        digest = self._digest.copy()
        digest.update(self._held.encode())
        return digest.hexdigest()


def is_json(head: str) -> bool:
    """Whether a text begins as JSON does, behind lines of comments; `[Header]` begins a text of another kind."""
    return _JSON.match(head) is not None


def _is_document(head: str) -> bool:
    """Whether a text begins as JSON or XML does, whose lines have no end where somebody packed them tight."""
    return is_json(head) or head.lstrip()[:1] == "<"


def read_text(content: Content) -> str:
    """The whole text of a document, without its byte order mark."""
    text = content.path.read_bytes().decode(content.encoding)
    return text[content.has_bom :]


def read_blocks(content: Content) -> Iterator[dict[str, object]]:
    r"""Yield a file's text in blocks of whole lines; joined, they are the file without its byte order mark.

    A block holds at most LINES_PER_BLOCK lines and about BLOCK_CHARACTERS characters. Lines end at `\n` alone, so
    that a `\r` before it stays in the text.

    Raises:
        ChangedWhileReadError: the text that was yielded is not that of the hash.
    """
    digest = hashlib.sha256()
    with (
        content.path.open("rb", buffering=0) as file,
        io.TextIOWrapper(
            io.BufferedReader(_Digested(file, digest), CHUNK_BYTES), encoding=content.encoding, newline="\n"
        ) as text,
    ):
        if content.has_bom:
            text.read(1)
        number, first_line, lines, characters = 1, 1, [], 0
        for line in text:
            lines.append(line)
            characters += len(line)
            if len(lines) == LINES_PER_BLOCK or characters > BLOCK_CHARACTERS:
                yield _block(number, first_line, lines)
                number, first_line, lines, characters = number + 1, first_line + len(lines), [], 0
        if lines:
            yield _block(number, first_line, lines)
    if digest.hexdigest() != content.file_id:
        raise ChangedWhileReadError(str(content.path))


class _Digested(io.RawIOBase):
    """A file that hashes whatever is read from it."""

    def __init__(self, file: io.FileIO, digest: "hashlib._Hash") -> None:
        self._file, self._digest = file, digest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer)
        self._digest.update(memoryview(buffer)[:count])
        return count


def _block(number: int, first_line: int, lines: list[str]) -> dict[str, object]:
    return {"block_number": number, "first_line": first_line, "line_count": len(lines), "lines": "".join(lines)}
