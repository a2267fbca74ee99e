"""The password file of libpq, through which dbt, psql and other programs get into the embedded server.

It has one line for the server. All other lines are the user's and stay as they are.
"""

import os
import sys
import time
from pathlib import Path

from simrace.database.settings import Settings

PATIENCE_S = 10  # longest wait for another simrace that writes the file, or was killed while writing


def password_file_of_libpq() -> Path | None:
    """PGPASSFILE, or the place where libpq looks without it; None if this user has none."""
    if named := os.environ.get("PGPASSFILE"):
        return Path(named)
    if sys.platform == "win32":
        folder = os.environ.get("APPDATA")
        return Path(folder) / "postgresql" / "pgpass.conf" if folder else None
    try:
        return Path.home() / ".pgpass"
    except RuntimeError:  # a container may run as a number without a name
        return None


def remember_password(settings: Settings) -> Path | None:
    """Write the server's line, if it is not there yet.

    Args:
        settings: Of the server: host, port, user and password.

    Returns:
        The file, if it was changed.

    Raises:
        OSError: it cannot be read or written.
    """
    file = password_file_of_libpq()
    if file is None or (_with_line(_read(file), settings) is None and _is_private(file)):
        return None
    file = file.resolve()  # keep a link, for example into a folder of dotfiles
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.simrace")
    # The new file is also the lock: only its maker may write, and it disappears when it replaces the old one.
    descriptor = _make(fresh)
    try:
        content = _read(file)
        with os.fdopen(descriptor, "wb") as new:
            new.write(_with_line(content, settings) or content)
            new.flush()
            os.fsync(new.fileno())
        _give_to_owner(fresh, file)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    return file


def _with_line(content: bytes, settings: Settings) -> bytes | None:
    """The file's text with the server's line added; None if the line is there.

    The line goes first, because libpq takes the first that fits.
    """
    place = f"{settings['host']}:{settings['port']}:*:{settings['user']}:".encode()
    password = settings["password"].replace("\\", r"\\").replace(":", r"\:").encode()
    lines = content.split(b"\n")
    if place + password in (line.rstrip(b"\r") for line in lines):
        return None
    # Lines of this port belong to a server that is gone; lines of this password to an earlier port of the server.
    others = [
        line
        for line in lines
        if not line.startswith(place)
        and not (line.startswith(place.partition(b":")[0] + b":") and line.rstrip(b"\r").endswith(b":" + password))
    ]
    return b"\n".join([place + password, *others]) if any(others) else place + password + b"\n"


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


def _is_private(file: Path) -> bool:
    """Whether libpq reads the file; it ignores one that others may read."""
    return sys.platform == "win32" or not file.stat().st_mode & 0o077


def _make(fresh: Path) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        except FileExistsError:
            if time.monotonic() > deadline:
                fresh.unlink(missing_ok=True)
                deadline = time.monotonic() + PATIENCE_S
            time.sleep(0.05)


def _give_to_owner(fresh: Path, file: Path) -> None:
    """Give the file to the owner of its home, if root wrote it."""
    if sys.platform != "win32" and os.geteuid() == 0:
        owner = (file if file.exists() else file.parent).stat()
        os.chown(fresh, owner.st_uid, owner.st_gid)
