"""Archives: their members one at a time, and limits that only a dishonest archive exceeds."""

import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import IO, NamedTuple, Self

from ingestion.kept_files import is_kept, read_kept
from ingestion.reading import Reason, RefusedError

MAX_MEMBER_BYTES = 4 << 30
# Text packs to a tenth. A large archive that unpacks to over a hundred times its size is meant to fill the disk.
MAX_RATIO = 100
ALWAYS_UNPACKED_BYTES = 1 << 30
MAX_TAR_HEADER_BYTES = 16 << 10
LATEST_S = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
_TAR_EXTENSIONS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_ARCHIVE_ERRORS = (
    RefusedError,
    OSError,
    EOFError,
    RuntimeError,  # zipfile raises this for a member with a password
    ValueError,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


class Member(NamedTuple):
    """One file of an archive.

    Attributes:
        name: Its name in the archive; None for the one file of a `.gz`, which has none.
        modified_at: When it was last changed (UTC).
        problem: Why it cannot be read; None when it can.
    """

    name: str | None
    modified_at: datetime
    problem: RefusedError | None = None


def is_archive(path: Path, start: bytes) -> bool:
    """Whether a file is an archive, whole or not; `start` is its first two bytes."""
    return start in (b"PK", b"\x1f\x8b") or zipfile.is_zipfile(path) or is_kept(path, start)


def members(path: Path, start: bytes, modified_at: datetime, local: Path) -> Iterator[Member]:
    """Unpack the members of an archive, each to the same place: a member's own name is never a path on disk.

    Args:
        path: The archive.
        start: Its first two bytes.
        modified_at: When it was last changed, for members that do not say.
        local: Where a member's bytes are until the next one is asked for.

    Raises:
        RefusedError: the archive is empty or damaged, or holds more than an honest one can; earlier members are whole.
    """
    unpack: Callable[[Path, datetime, Path], Iterator[Member]] = _gzip_members
    if start == b"PK" or zipfile.is_zipfile(path):
        unpack = _zip_members
    elif start == b"PA":
        unpack = _kept_members
    found = False
    try:
        for member in unpack(path, modified_at, local):
            found = True
            yield member
    except _ARCHIVE_ERRORS as error:
        raise _problem(error) from error
    if not found:  # refuse the archive itself, so that it is accounted for
        raise RefusedError(Reason.EMPTY, "an archive without a file in it")


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in path.parts)


class _TarMember(tarfile.TarInfo):
    """A header with an extension of bounded size, because tarfile reads the whole extension into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _TAR_EXTENSIONS and member.size > MAX_TAR_HEADER_BYTES:
            raise RefusedError(Reason.TOO_LARGE, f"a header of {member.size:,} bytes in the archive")
        return member


class _Unpacker:
    """Copies the members of one archive, up to what an honest archive of its size can hold."""

    def __init__(self, archive: Path) -> None:
        self._bytes_left = max(ALWAYS_UNPACKED_BYTES, MAX_RATIO * archive.stat().st_size)

    def copy(self, stream: IO[bytes] | gzip.GzipFile, target: IO[bytes]) -> None:
        copied = 0
        while chunk := stream.read(1 << 20):
            copied += len(chunk)
            self._bytes_left -= len(chunk)
            if copied > MAX_MEMBER_BYTES:
                raise RefusedError(Reason.TOO_LARGE, f"unpacks to over {MAX_MEMBER_BYTES >> 30} GiB")
            if self._bytes_left < 0:
                raise RefusedError(Reason.TOO_LARGE, f"the archive unpacks to over {MAX_RATIO} times its size")
            target.write(chunk)


def _zip_members(path: Path, archive_modified_at: datetime, local: Path) -> Iterator[Member]:
    if not zipfile.is_zipfile(path):
        raise EOFError("the end of the zip file is missing")
    unpacker = _Unpacker(path)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = Path(member.filename)
            if member.is_dir() or _is_hidden(name) or name.parts[:1] == ("__MACOSX",):
                continue
            try:
                # A zip holds local time without a zone; the same archive must give the same answer everywhere.
                modified_at = datetime(*member.date_time, tzinfo=UTC)
            except ValueError:  # some programs write day 0 of month 0
                modified_at = archive_modified_at
            problem = None
            try:
                with local.open("wb") as target, archive.open(member) as stream:
                    unpacker.copy(stream, target)
            except _ARCHIVE_ERRORS as error:
                problem = _problem(error)
            yield Member(member.filename, modified_at, problem)


def _gzip_members(path: Path, modified_at: datetime, local: Path) -> Iterator[Member]:
    unpacker = _Unpacker(path)
    if _is_tar(path):
        # Unpack with gzip first: tarfile does not notice when an archive ends between two members.
        with (
            gzip.open(path) as unpacked,
            tarfile.open(fileobj=unpacked, mode="r|", tarinfo=_TarMember) as archive,
        ):
            for member in archive:
                name = Path(member.name)
                if member.isdir() or _is_hidden(name):
                    continue
                problem = None
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is None:
                    problem = RefusedError(Reason.UNREADABLE, "no file but a link or a device in the archive")
                else:
                    try:
                        with local.open("wb") as target:
                            unpacker.copy(stream, target)
                    except RefusedError as error:
                        problem = error
                yield Member(member.name, at_utc(member.mtime), problem)
            while unpacked.read(1 << 20):  # read to the end, where the check sum is
                pass
        return
    with gzip.GzipFile(path) as unpacked, local.open("wb") as target:
        unpacker.copy(unpacked, target)
        modified_at = at_utc(unpacked.mtime) if unpacked.mtime else modified_at
    yield Member(None, modified_at)


def _kept_members(path: Path, _modified_at: datetime, local: Path) -> Iterator[Member]:
    """Files that were let go (`simrace retain`), in a folder each: a logger may give all of them one name."""
    unpacker = _Unpacker(path)
    for (file_id, name, modified_at), rows in groupby(
        read_kept(path), lambda each: (each[0].file_id, each[0].file_name, each[0].modified_at)
    ):
        digest = hashlib.sha256()
        with local.open("wb") as target:
            for _, data in rows:
                unpacker.copy(io.BytesIO(data), target)
                digest.update(data)
        is_same = digest.hexdigest() == file_id
        problem = None if is_same else RefusedError(Reason.MALFORMED, "it is not the file that was kept")
        yield Member(f"{file_id[:12]}/{Path(name).name}", modified_at, problem)


def _is_tar(path: Path) -> bool:
    """A tar header has its magic word at byte 257."""
    with gzip.open(path) as stream:
        return stream.read(262)[257:262] == b"ustar"


def _problem(error: Exception) -> RefusedError:
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, OSError) and error.strerror:  # a fault of the system, such as a full disk, not of the archive
        return RefusedError(Reason.UNREADABLE, error.strerror)
    return RefusedError(Reason.TRUNCATED_ARCHIVE, str(error) or type(error).__name__)


def at_utc(seconds: float) -> datetime:
    """The time in UTC. An impossible time, from a damaged archive, becomes the earliest one."""
    return datetime.fromtimestamp(int(seconds) if 0 <= seconds < LATEST_S else 0, UTC)
