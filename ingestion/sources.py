"""Files as they were found, and the members of archives: one at a time, each with a place to read its bytes."""

import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ingestion.archives import at_utc, is_archive, members
from ingestion.outcomes import Outcome
from ingestion.reading import Reason, RefusedError

UNSETTLED_S = 2  # the coarsest resolution of times in file systems


@dataclass(frozen=True)
class Source:
    """One file as it was found.

    Attributes:
        file_path: Path as people see it; for a member: path of the archive, a slash, name of the member.
        file_name: Last part of the path, without `.gz`.
        modified_at: When the file was last changed (UTC); archives keep it.
        local: Where its bytes can be read; a member's until the next source is asked for.
        problem: Why it cannot be read; None when it can.
        archive: The archive that holds it; None for a file by itself.
        status: Status of the path that was given, from before reading; None when it was changed a moment ago.
        known: What becomes of it, if that is known without reading it.
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
        """Whether `local` holds all bytes of the file; of a damaged member it holds only the beginning."""
        return self.problem is None or self.archive is None

    @property
    def given(self) -> str:
        """Path of the file or archive that was named or found in a folder."""
        return str(self.archive) if self.archive else self.file_path


# Gives what is known about a path while its status is the same; an empty list means that the path has to be read.
Recall = Callable[[Path, os.stat_result], list[Source]]


def open_sources(paths: list[Path], recall: Recall = lambda _path, _status: []) -> Iterator[Source]:
    """Yield each file, and each member of each archive, one at a time.

    Args:
        paths: From `ingestion.paths.expand`.
        recall: Gives the files of paths that need not be read.
    """
    with tempfile.TemporaryDirectory(prefix="simrace-") as folder:
        local = Path(folder) / "member"
        for path in paths:
            began_s = time.time()
            try:
                status = path.stat()
                if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                    raise OSError("no file but a pipe or a device")  # reading one might never end
                if known := recall(path, status):
                    yield from known
                    continue
                with path.open("rb") as stream:
                    start = stream.read(2)
            except OSError as error:
                problem = RefusedError(Reason.UNREADABLE, error.strerror or str(error))
                yield Source(str(path), path.name, datetime.fromtimestamp(0, UTC), path, problem)
                continue
            # a time in the future comes from a copy or a wrong clock: the file is not being written now
            is_settled = all(abs(began_s - time_s) > UNSETTLED_S for time_s in (status.st_mtime, status.st_ctime))
            for source in _open(path, start, at_utc(status.st_mtime), local):
                yield replace(source, status=status) if is_settled else source


def _open(path: Path, start: bytes, modified_at: datetime, local: Path) -> Iterator[Source]:
    if not is_archive(path, start):
        yield Source(str(path), path.name, modified_at, path)
        return
    try:
        for member in members(path, start, modified_at, local):
            if member.name is None:
                yield Source(str(path), path.name.removesuffix(".gz"), member.modified_at, local, archive=path)
            else:
                file_path, file_name = f"{path}/{member.name}", Path(member.name).name
                yield Source(file_path, file_name, member.modified_at, local, member.problem, path)
    except RefusedError as problem:
        yield Source(str(path), path.name, modified_at, path, problem)


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
            yield replace(source, file_path=file_path, file_name=name, status=None)
        else:
            yield replace(source, file_path=file_path + source.file_path.removeprefix(str(local)), status=None)
