"""A disk that is full and a database that went away: told so that people know the way out, and cleared up after."""

import errno
import shutil
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
_FULL_ON_SERVER = ("No space left on device", "Disk quota exceeded")
_BROKEN_OFF = ("connection to server", "server closed the connection", "terminating connection", "recovery mode")
_WAY_OUT = "Make room there, then run the same again: what was landed and built before is whole."


def tell_broken_off(said: str) -> str | None:
    """The way out where the database went away; None when that is not what a failure says."""
    if any(words in said for words in _BROKEN_OFF):
        return "Check that the server runs (`simrace db status`) and its disk has room, then run the same again."
    return None


def tell_full_disk(error: BaseException | str, folder: Path) -> str | None:
    """Say which disk is full, if that is what the failure was.

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
    """Delete what an extract left that did not come to its end: dlt neither goes on with it nor takes it away.

    Args:
        pipeline_folder: dlt's working folder of one pipeline, which nobody else may be using.
    """
    shutil.rmtree(pipeline_folder / "blocks", ignore_errors=True)
    for folder in (pipeline_folder / "normalize").glob("*"):
        if folder.is_dir() and folder.name != "extracted":
            shutil.rmtree(folder, ignore_errors=True)
