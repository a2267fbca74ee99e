"""Files as they were found, and the members of archives: one at a time, each with a place to read its bytes."""

import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ingestion.archives import at_utc, is_archive, members
from ingestion.outcomes import Outcome
from ingestion.paths import Given
from ingestion.reading import Reason, RefusedError
from ingestion.remote import RemoteFile, Stamp, fetch

UNSETTLED_S = 2  # the coarsest resolution of times in file systems


@dataclass(frozen=True)
class Source:
    """One file as it was found.

    Attributes:
        file_path: Path as people see it; for a member: path of the archive, a slash, name of the member.
        file_name: Last part of the path, without `.gz`.
        modified_at: When the file was last changed (UTC); archives keep it.
        local: Where its bytes can be read; a member's, and those from elsewhere, until the next source is asked for.
        problem: Why it cannot be read; None when it can.
        archive: Path of the archive that holds it; None for a file by itself.
        stamp: What of the path that was given changes when it changes, from before reading; None when it was changed a
            moment ago, or nothing does.
        known: What becomes of it, if that is known without reading it.
    """

    file_path: str
    file_name: str
    modified_at: datetime
    local: Path
    problem: RefusedError | None = None
    archive: str | None = None
    stamp: Stamp | None = None
    known: Outcome | None = None

    @property
    def is_whole(self) -> bool:
        """Whether `local` holds all bytes of the file; of a damaged member it holds only the beginning."""
        return self.problem is None or self.archive is None

    @property
    def given(self) -> str:
        """Path of the file or archive that was named or found in a folder."""
        return self.archive or self.file_path


# Gives what is known about a path while its stamp is the same; an empty list means that the path has to be read.
Recall = Callable[[str, Stamp], list[Source]]


def open_sources(paths: Sequence[Given], recall: Recall = lambda _path, _stamp: []) -> Iterator[Source]:
    """Yield each file, and each member of each archive, one at a time.

    Args:
        paths: From `ingestion.paths.expand`.
        recall: Gives the files of paths that need not be read.
    """
    with tempfile.TemporaryDirectory(prefix="simrace-") as folder:
        for path in paths:
            opened = _open_remote if isinstance(path, RemoteFile) else _open_local
            yield from opened(path, recall, Path(folder))  # type: ignore[arg-type]


def _open_local(path: Path, recall: Recall, folder: Path) -> Iterator[Source]:
    began_s = time.time()
    try:
        status = path.stat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise OSError("no file but a pipe or a device")  # reading one might never end
        stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)
        if known := recall(str(path), stamp):
            yield from known
            return
        with path.open("rb") as stream:
            start = stream.read(2)
    except OSError as error:
        problem = RefusedError(Reason.UNREADABLE, error.strerror or str(error))
        yield Source(str(path), path.name, datetime.fromtimestamp(0, UTC), path, problem)
        return
    # a time in the future comes from a copy or a wrong clock: the file is not being written now
    is_settled = all(abs(began_s - time_s) > UNSETTLED_S for time_s in (status.st_mtime, status.st_ctime))
    for source in _open(str(path), path.name, path, start, at_utc(status.st_mtime), folder / "member"):
        yield replace(source, stamp=stamp) if is_settled else source


def _open_remote(file: RemoteFile, recall: Recall, folder: Path) -> Iterator[Source]:
    if file.stamp and (known := recall(file.url, file.stamp)):
        yield from known
        return
    local = folder / "fetched"
    try:
        if file.problem:
            raise file.problem
        file = fetch(file, local)
        with local.open("rb") as stream:
            start = stream.read(2)
    except (RefusedError, OSError) as error:
        refused = error if isinstance(error, RefusedError) else RefusedError(Reason.UNREADABLE, error.strerror or "")
        # the bytes that came are not those of the file
        yield Source(file.url, file.name, file.modified_at, folder / "nothing", refused)
        return
    for source in _open(file.url, file.name, local, start, file.modified_at, folder / "member"):
        yield replace(source, stamp=file.stamp)
    local.unlink(missing_ok=True)


def _open(
    path: str, name: str, local: Path, start: bytes, modified_at: datetime, member_place: Path
) -> Iterator[Source]:
    if not is_archive(local, start):
        yield Source(path, name, modified_at, local)
        return
    try:
        for member in members(local, start, modified_at, member_place):
            if member.name is None:
                yield Source(path, name.removesuffix(".gz"), member.modified_at, member_place, archive=path)
            else:
                file_path, file_name = f"{path}/{member.name}", Path(member.name).name
                yield Source(file_path, file_name, member.modified_at, member_place, member.problem, path)
    except RefusedError as problem:
        yield Source(path, name, modified_at, local, problem)


def open_as(local: Path, file_path: str, file_name: str) -> Iterator[Source]:
    """Yield a file, or the members of an archive, under the path and name that it came with.

    Args:
        local: Where its bytes are.
        file_path: Path as people see it.
        file_name: Last part of that path.
    """
    for source in open_sources([local]):
        if source.file_path == str(local):
            name = file_name.removesuffix(".gz") if source.archive else file_name
            yield replace(source, file_path=file_path, file_name=name, stamp=None)
        else:
            yield replace(source, file_path=file_path + source.file_path.removeprefix(str(local)), stamp=None)
