"""Full disks and databases that went away: say so with the way out, and clean up afterwards."""

import errno
import shutil
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
_FULL_ON_SERVER = ("No space left on device", "Disk quota exceeded")
# What libpq and the server say of a server that went away, or is not there yet.
STARTING = "the database system is"  # starting up, shutting down, in recovery mode, not yet accepting connections
GONE = (
    STARTING,
    "connection refused",
    "connection reset by peer",
    "connection timed out",
    "timeout expired",
    "connection already closed",
    "server closed the connection",
    "connection has been closed unexpectedly",
    "terminating connection",
    "ssl syscall error",
)
_WAY_OUT = "Make room there, then run the same again: what was landed and built before is whole."


def tell_broken_off(said: str) -> str | None:
    """The way out when a failure says that the database went away; None when it says something else."""
    if any(words in said.lower() for words in (*GONE, "connection to server")):
        return "Check that the server runs (`simrace db status`) and its disk has room, then run the same again."
    return None


def tell_full_disk(error: BaseException | str, folder: Path) -> str | None:
    """Say which disk is full, if a full disk was the failure.

    Args:
        error: The failure at its root, or what a server said of it.
        folder: Where this process was writing.

    Returns:
        What is full and the way out; None when it was something else.
    """
    if isinstance(error, OSError) and error.errno in _FULL:
        return f"The disk that holds {error.filename or folder} is full. {_WAY_OUT}"
    if any(words in str(error) for words in _FULL_ON_SERVER):
        return f"The disk of the database server is full. {_WAY_OUT}"
    return None


def clear_unfinished(pipeline_folder: Path) -> None:
    """Delete what an unfinished extract or an unfinished deletion left: dlt neither continues it nor removes it.

    A package is normalized, then its extract is deleted file by file. Killed in between, dlt would normalize what is
    left of the extract in place of the whole, or find no jobs in it and stop there in every run.

    Args:
        pipeline_folder: dlt's working folder of one pipeline, which nobody else may be using.
    """
    shutil.rmtree(pipeline_folder / "blocks", ignore_errors=True)
    for folder in (pipeline_folder / "normalize").glob("*"):
        if folder.is_dir() and folder.name != "extracted":
            shutil.rmtree(folder, ignore_errors=True)
    for folder in (pipeline_folder / "normalize" / "extracted").glob("*"):
        is_normalized = (pipeline_folder / "load" / "normalized" / folder.name).is_dir()
        if folder.is_dir() and (is_normalized or not (folder / "new_jobs").is_dir()):
            shutil.rmtree(folder, ignore_errors=True)
