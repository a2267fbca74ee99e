"""Find the files that paths name: files, folders, globs, and the members of archives."""

import glob
import gzip
import lzma
import os
import stat
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Self

from ingestion.landed import Outcome
from ingestion.reading import Reason, RefusedError

MAX_MEMBER_BYTES = 4 << 30
# Text packs to a tenth. What claims more than a hundred times, and is large, is there to fill the disk.
MAX_RATIO = 100
ALWAYS_UNPACKED_BYTES = 1 << 30
MAX_TAR_HEADER_BYTES = 16 << 10
UNSETTLED_S = 2  # file systems keep times to this
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
    RuntimeError,  # a member with a password
    ValueError,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class Source:
    """One file as it was found.

    Attributes:
        file_path: Its path for people; of a member, the archive's path, a slash, the member's name.
        file_name: Last part of the path, without `.gz`.
        modified_at: When the file was last changed (UTC); archives keep it.
        local: Where its bytes can be read; a member's until the next source is asked for.
        problem: Why it cannot be read; None when it can.
        archive: The archive that it is in; None for a file by itself.
        status: The system's, of what was given, before it was read; None when it was changed a moment ago.
        known: What becomes of it, when that is known without reading it.
    """

    file_path: str
    file_name: str
    modified_at: datetime
    local: Path
    problem: RefusedError | None = None
    archive: Path | None = None
    status: os.stat_result | None = None
    known: Outcome | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the bytes at `local` are those of the file: of a damaged member they are only its beginning."""
        return self.problem is None or self.archive is None

    @property
    def given(self) -> str:
        """Path of the file or archive that was named or found in a folder."""
        return str(self.archive) if self.archive else self.file_path


def expand(paths: list[str]) -> list[Path]:
    """The files that paths, folders (recursive, without hidden ones) and globs name, each once, in a fixed order.

    What does not exist or may not be read stays in the list, so that it is refused with a reason and not passed over.
    """
    found: dict[Path, None] = {}
    for name in paths:
        path = Path(name).expanduser()
        matches = [path]
        if glob.has_magic(name) and not _mode(path):
            matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))] or matches  # noqa: PTH207 - takes absolute patterns
        for match in matches:
            found.update(dict.fromkeys(_files_in(match.absolute())))
    return list(found)


def _files_in(path: Path) -> Iterator[Path]:
    """The file itself, or the files of a folder; in their place a folder that cannot be searched."""
    if not stat.S_ISDIR(_mode(path)):
        yield path
        return
    closed: list[Path] = []
    for root, folders, names in os.walk(path, onerror=lambda error: closed.append(Path(error.filename))):
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        yield from (Path(root, name) for name in sorted(names) if not name.startswith("."))
    yield from closed


def _mode(path: Path) -> int:
    """What kind of file it is, as the system says; 0 when it does not."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in path.parts)


# What is known of a path as long as its status is the same; nothing when it has to be read.
Recall = Callable[[Path, os.stat_result], list[Source]]


def open_sources(paths: list[Path], recall: Recall = lambda _path, _status: []) -> Iterator[Source]:
    """Yield each file, and each member of each archive, one at a time.

    Members are unpacked to a temporary file each, under a name of ours: a member's own name is never a path on disk.

    Args:
        paths: From `expand`.
        recall: Gives the files of a path that need not be read.
    """
    with tempfile.TemporaryDirectory(prefix="simrace-") as folder:
        local = Path(folder) / "member"
        for path in paths:
            began_s = time.time()
            try:
                status = path.stat()
                if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                    raise OSError("no file but a pipe or a device")  # reading it might never end
                if known := recall(path, status):
                    yield from known
                    continue
                with path.open("rb") as stream:
                    start = stream.read(2)
            except OSError as error:
                problem = RefusedError(Reason.UNREADABLE, error.strerror or str(error))
                yield Source(str(path), path.name, datetime.fromtimestamp(0, UTC), path, problem)
                continue
            # a time ahead, as copies and wrong clocks leave it, is no change of this moment
            is_settled = all(abs(began_s - time_s) > UNSETTLED_S for time_s in (status.st_mtime, status.st_ctime))
            for source in _open(path, start, _utc(status.st_mtime), local):
                yield replace(source, status=status) if is_settled else source


def _open(path: Path, start: bytes, modified_at: datetime, local: Path) -> Iterator[Source]:
    try:
        if zipfile.is_zipfile(path):
            yield from _at_least_one(_zip_members(path, modified_at, local))
        elif start == b"PK":
            raise EOFError("the end of the zip file is missing")
        elif start == b"\x1f\x8b":
            yield from _at_least_one(_gzip_members(path, modified_at, local))
        else:
            yield Source(str(path), path.name, modified_at, path)
    except _ARCHIVE_ERRORS as error:
        yield Source(str(path), path.name, modified_at, path, _problem(error))


def open_as(local: Path, file_path: str, file_name: str) -> Iterator[Source]:
    """Yield a file, or the members of an archive, under the path and name that it came with.

    Args:
        local: Where its bytes are.
        file_path: Its path for people.
        file_name: Last part of its path.
    """
    for source in open_sources([local]):
        if source.file_path == str(local):
            name = file_name.removesuffix(".gz") if source.archive else file_name
            yield replace(source, file_path=file_path, file_name=name, status=None)
        else:
            yield replace(source, file_path=file_path + source.file_path.removeprefix(str(local)), status=None)


def _at_least_one(members: Iterator[Source]) -> Iterator[Source]:
    """The members of an archive; one without any is refused itself, or it would end nowhere."""
    found = False
    for member in members:
        found = True
        yield member
    if not found:
        raise RefusedError(Reason.EMPTY, "an archive without a file in it")


class _TarMember(tarfile.TarInfo):
    """A header whose extension is of a size to be held in memory, where tarfile puts it whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _TAR_EXTENSIONS and member.size > MAX_TAR_HEADER_BYTES:
            raise RefusedError(Reason.TOO_LARGE, f"a header of {member.size:,} bytes in the archive")
        return member


class _Unpacker:
    """Copies what comes out of one archive, up to what an archive of its size can honestly hold."""

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


def _zip_members(path: Path, archive_modified_at: datetime, local: Path) -> Iterator[Source]:
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
            yield Source(f"{path}/{member.filename}", name.name, modified_at, local, problem, path)


def _gzip_members(path: Path, modified_at: datetime, local: Path) -> Iterator[Source]:
    unpacker = _Unpacker(path)
    if _is_tar(path):
        # Unpacked by gzip and not by tarfile, which says nothing when an archive ends between two members.
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
                yield Source(f"{path}/{member.name}", name.name, _utc(member.mtime), local, problem, path)
            while unpacked.read(1 << 20):  # the check sum comes last
                pass
        return
    with gzip.GzipFile(path) as unpacked, local.open("wb") as target:
        unpacker.copy(unpacked, target)
        modified_at = _utc(unpacked.mtime) if unpacked.mtime else modified_at
    yield Source(str(path), path.name.removesuffix(".gz"), modified_at, local, archive=path)


def _is_tar(path: Path) -> bool:
    """A tar header has its magic word at byte 257."""
    with gzip.open(path) as stream:
        return stream.read(262)[257:262] == b"ustar"


def _problem(error: Exception) -> RefusedError:
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, OSError) and error.strerror:  # the system's, such as a full disk, and not the archive's
        return RefusedError(Reason.UNREADABLE, error.strerror)
    return RefusedError(Reason.TRUNCATED_ARCHIVE, str(error) or type(error).__name__)


def _utc(seconds: float) -> datetime:
    """A time that no file was written at, as a damaged archive may hold, is taken for the beginning of all."""
    return datetime.fromtimestamp(int(seconds) if 0 <= seconds < LATEST_S else 0, UTC)
