"""The files that paths name: files, folders and globs."""

import glob
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ingestion.remote import RemoteFile, is_remote, list_files

Given = Path | RemoteFile


def expand(paths: list[str]) -> list[Given]:
    """The files that paths, folders (recursive), globs and addresses name, each once, in a fixed order.

    Of a folder, hidden files and links that lead out of it do not count: whoever gives a folder gives nothing beside
    it. Paths that do not exist or cannot be read stay in the list, so that they are refused with a reason.
    """
    found: dict[Given, None] = {}
    for name in paths:
        if is_remote(name):
            found.update(dict.fromkeys(list_files(name)))
            continue
        path = absolute(name)
        matches = [path]
        if glob.has_magic(name) and not _mode(path):
            # as it was given: the working folder may have characters of a pattern in its name
            given = os.path.expanduser(name)  # noqa: PTH111 - as in `absolute`
            matches = [Path(match).absolute() for match in sorted(glob.glob(given, recursive=True))] or matches  # noqa: PTH207 - takes absolute patterns
        for match in matches:
            found.update(dict.fromkeys(_files_in(match)))
    return list(found)


def absolute(name: str) -> Path:
    """A path as it is kept and shown; `~` of a user that there is not stays as it is, and is then not found."""
    return Path(os.path.expanduser(name)).absolute()  # noqa: PTH111 - pathlib raises for such a user


def _files_in(path: Path) -> Iterator[Path]:
    """The file itself, or the files of a folder; the folder itself if it cannot be searched."""
    if not stat.S_ISDIR(_mode(path)):
        yield path
        return
    closed: list[Path] = []
    real = path.resolve()
    for root, folders, names in os.walk(path, onerror=lambda error: closed.append(Path(error.filename))):
        # a junction of Windows is no link to all versions of Python
        folders[:] = sorted(name for name in folders if not (name.startswith(".") or _is_out(Path(root, name), real)))
        files = (Path(root, name) for name in sorted(names) if not name.startswith("."))
        yield from (file for file in files if not (file.is_symlink() and _is_out(file, real)))
    yield from closed


def _is_out(path: Path, real_folder: Path) -> bool:
    """Whether a path leads out of a folder."""
    try:
        return not path.resolve().is_relative_to(real_folder)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle, before Python 3.13
        return False


def _mode(path: Path) -> int:
    """The kind of file, as the system says; 0 when it does not say."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0
