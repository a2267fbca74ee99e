"""Find the files that paths name: files, folders, globs, and the members of archives."""

import glob
import gzip
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from ingestion.reading import Reason, RefusedError

MAX_MEMBER_BYTES = 4 << 30
_ARCHIVE_ERRORS = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, RuntimeError)


@dataclass(frozen=True)
class Source:
    """One file as it was found.

    Attributes:
        file_path: Its path for people; of a member, the archive's path, a slash, the member's name.
        file_name: Last part of the path, without `.gz`.
        modified_at: When the file was last changed (UTC); archives keep it.
        local: Where its bytes can be read; a member's until the next source is asked for.
        problem: Why it cannot be read; None when it can.
    """

    file_path: str
    file_name: str
    modified_at: datetime
    local: Path
    problem: RefusedError | None = None


def expand(paths: list[str]) -> list[Path]:
    """The files that paths, folders (recursive, without hidden ones) and globs name, each once, in a fixed order.

    A path that does not exist stays in the list, so that it is refused with a reason instead of being passed over.
    """
    found: dict[Path, None] = {}
    for name in paths:
        path = Path(name).expanduser().absolute()
        if path.is_dir():
            for root, folders, names in os.walk(path):
                folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
                found.update(dict.fromkeys(Path(root, name) for name in sorted(names) if not name.startswith(".")))
        elif path.exists() or not glob.has_magic(name):
            found[path] = None
        else:
            found.update(dict.fromkeys(Path(match) for match in sorted(glob.glob(str(path), recursive=True))))  # noqa: PTH207 - takes absolute patterns
    return [path for path in found if not path.is_dir()]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in path.parts)


def open_sources(paths: list[Path]) -> Iterator[Source]:
    """Yield each file, and each member of each archive, one at a time.

    Members are unpacked to a temporary file each, under a name of ours: a member's own name is never a path on disk.
    """
    with tempfile.TemporaryDirectory(prefix="simrace-") as folder:
        local = Path(folder) / "member"
        for path in paths:
            try:
                with path.open("rb") as stream:
                    start = stream.read(2)
                modified_at = _utc(path.stat().st_mtime)
            except OSError as error:
                problem = RefusedError(Reason.UNREADABLE, error.strerror or str(error))
                yield Source(str(path), path.name, datetime.fromtimestamp(0, UTC), path, problem)
                continue
            try:
                if zipfile.is_zipfile(path):
                    yield from _zip_members(path, local)
                elif start == b"PK":
                    raise EOFError("the end of the zip file is missing")
                elif start == b"\x1f\x8b":
                    yield from _gzip_members(path, modified_at, local)
                else:
                    yield Source(str(path), path.name, modified_at, path)
            except _ARCHIVE_ERRORS as error:
                problem = RefusedError(Reason.TRUNCATED_ARCHIVE, str(error) or type(error).__name__)
                yield Source(str(path), path.name, modified_at, path, problem)


def _zip_members(path: Path, local: Path) -> Iterator[Source]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = Path(member.filename)
            if member.is_dir() or _is_hidden(name) or name.parts[:1] == ("__MACOSX",):
                continue
            # A zip holds local time without a zone; the same archive must give the same answer everywhere.
            modified_at = datetime(*member.date_time, tzinfo=UTC)
            try:
                with archive.open(member) as stream, local.open("wb") as target:
                    _copy(stream, target)
                problem = None
            except RefusedError as error:
                problem = error
            except (*_ARCHIVE_ERRORS, NotImplementedError) as error:
                problem = RefusedError(Reason.TRUNCATED_ARCHIVE, str(error))
            yield Source(f"{path}/{member.filename}", name.name, modified_at, local, problem)


def _gzip_members(path: Path, modified_at: datetime, local: Path) -> Iterator[Source]:
    if _is_tar(path):
        with tarfile.open(path, mode="r|gz") as archive:
            for member in archive:
                name = Path(member.name)
                if member.isfile() and not _is_hidden(name) and (stream := archive.extractfile(member)):
                    with local.open("wb") as target:
                        _copy(stream, target)
                    yield Source(f"{path}/{member.name}", name.name, _utc(member.mtime), local)
        return
    problem = None
    try:
        with gzip.GzipFile(path) as unpacked, local.open("wb") as target:
            _copy(unpacked, target)
            modified_at = _utc(unpacked.mtime) if unpacked.mtime else modified_at
    except RefusedError as error:
        problem = error
    yield Source(str(path), path.name.removesuffix(".gz"), modified_at, local, problem)


def _is_tar(path: Path) -> bool:
    """A tar header has its magic word at byte 257."""
    with gzip.open(path) as stream:
        return stream.read(262)[257:262] == b"ustar"


def _copy(stream: IO[bytes] | gzip.GzipFile, target: IO[bytes]) -> None:
    copied = 0
    while chunk := stream.read(1 << 20):
        copied += len(chunk)
        if copied > MAX_MEMBER_BYTES:
            raise RefusedError(Reason.TOO_LARGE, f"unpacks to over {MAX_MEMBER_BYTES >> 30} GiB")
        target.write(chunk)


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
