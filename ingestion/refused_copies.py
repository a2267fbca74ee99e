"""Copies of refused files, so that they can be tried again when the original is gone.

A copy is named by the SHA-256 of its bytes. SIMRACE_REFUSED_FILE_MB says how large a file is still kept (default: 50),
SIMRACE_REFUSED_TOTAL_MB how much all copies together may take (default: 1,000); 0 keeps none.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from ingestion.settings import home_directory, make_home, whole_number

FILE_VARIABLE = "SIMRACE_REFUSED_FILE_MB"
TOTAL_VARIABLE = "SIMRACE_REFUSED_TOTAL_MB"
MEGABYTE = 1_000_000


def limits() -> tuple[int, int]:
    """How many bytes one copy, and all copies together, may have.

    Raises:
        SettingError: one of the two variables is not a number.
    """
    return whole_number(FILE_VARIABLE, 50) * MEGABYTE, whole_number(TOTAL_VARIABLE, 1_000) * MEGABYTE


def keep(file: Path, file_id: str) -> bool:
    """Keep a copy of a refused file, within the limits.

    Args:
        file: Where its bytes are.
        file_id: Their SHA-256 in hexadecimal.

    Returns:
        Whether there is a copy now. There is none when the disk is full or the file went away, and that is no error.

    Raises:
        SettingError: a limit is not a number.
    """
    largest, room = limits()
    kept = _folder() / file_id
    unfinished = kept.with_suffix(".part")
    try:
        if kept.exists():
            return True
        size = file.stat().st_size
        if not 0 < size <= largest:
            return False
        make_home()
        _folder().mkdir(mode=0o700, exist_ok=True)
        if size + sum(copy.stat().st_size for copy in _folder().iterdir()) > room:
            return False
        if _copy(file, unfinished) == file_id:  # else the file was changed meanwhile
            unfinished.replace(kept)
    except OSError:
        return False
    finally:
        unfinished.unlink(missing_ok=True)
    return kept.exists()


def copy_of(file_id: str) -> Path | None:
    """The copy of a refused file; None when there is none, or when it has been changed since."""
    kept = _folder() / file_id
    try:
        with kept.open("rb") as stream:
            is_same = hashlib.file_digest(stream, "sha256").hexdigest() == file_id
    except OSError:
        return None
    return kept if is_same else None


def discard(file_ids: Iterable[str]) -> None:
    """Delete copies, if there are any."""
    for file_id in file_ids:
        (_folder() / file_id).unlink(missing_ok=True)


def _copy(file: Path, target: Path) -> str:
    """Copy a file so that only its owner can read the copy; return the SHA-256 of the copy."""
    digest = hashlib.sha256()
    target.unlink(missing_ok=True)
    private = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(private, "wb") as out, file.open("rb") as source:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def _folder() -> Path:
    return home_directory() / "refused"
