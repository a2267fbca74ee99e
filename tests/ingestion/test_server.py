"""The embedded server is started, stopped, killed, raced for and misled; it is always a real one."""

import hashlib
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from ingestion import refused_copies, unchanged
from ingestion.formats.declared import declared_folder
from ingestion.settings import KEPT_IN_HOME
from simrace.api import uploads
from simrace.cli.paths import remember_paths
from simrace.database import server, server_system
from simrace.database.connection import ConnectionParameters, connection_parameters
from simrace.database.server_system import ServerError
from simrace.database.settings import PORT_VARIABLE, build_url, password_file, port_file
from simrace.logs import log_event
from simrace.operations import commands
from tests.conftest import own_server

PROJECT = Path(__file__).parents[2]
START = "from simrace.database.server import start; print(start().port)"

needs_root = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="about being called by root")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home; not in tmp_path, which only root can enter when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="simrace-test-"))
    folder.chmod(0o711)
    for name in [name for name in os.environ if name.startswith(("PG", "SIMRACE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SIMRACE_HOME", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    for name, value in own_server(folder).items():
        monkeypatch.setenv(name, value)
    yield folder
    server.stop()
    shutil.rmtree(folder)


def ask(query: str) -> object:
    with connection_parameters().connect() as connection, connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
        return row[0] if row else None


def write(statement: str) -> None:
    with connection_parameters().connect() as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_restart_keeps_the_data_and_the_port(home: Path) -> None:
    assert server.status() is None
    first = server.start()
    write("create table kept as select 42 as answer")
    assert server.stop()
    stopped = server.status()
    assert stopped and not stopped.is_running
    assert not server.stop()
    assert server.start().port == first.port
    assert ask("select answer from kept") == 42


def test_starting_a_running_server_returns_at_once(home: Path) -> None:
    first = server.start()
    began = time.perf_counter()
    assert server.start() == first
    assert time.perf_counter() - began < 0.1


def test_a_killed_server_starts_again_with_its_data(home: Path) -> None:
    first = server.start()
    write("create table kept as select 42 as answer")
    lingering = connection_parameters().connect()
    process = int((first.data_directory / "postmaster.pid").read_text().split()[0])
    os.kill(process, signal.SIGKILL)
    second = server.start()
    assert second.is_running and second.port == first.port
    assert int((first.data_directory / "postmaster.pid").read_text().split()[0]) != process
    assert ask("select answer from kept") == 42
    lingering.close()


def test_two_starts_at_once_make_one_server(home: Path) -> None:
    both = [
        subprocess.Popen([sys.executable, "-c", START], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert said[0][0] == said[1][0]
    assert sum("Setting up" in messages for _, messages in said) == 1


def test_the_server_outlives_its_caller_and_holds_no_pipe_of_it(home: Path) -> None:
    # This would wait for ever if the server had inherited a pipe.
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split()[-1] == port_file(home).read_text().strip()
    running = server.status()
    assert running and running.is_running


def test_only_the_password_opens_the_server(home: Path) -> None:
    running = server.start()
    if sys.platform != "win32":
        assert password_file(home).stat().st_mode & 0o777 == 0o600
        assert running.data_directory.stat().st_mode & 0o777 == 0o700
        assert running.log_file.stat().st_mode & 0o777 == 0o600
    for wrong in ("", "simrace"):
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(build_url({**running.settings, "password": wrong}), passfile="/nonexistent")
    methods = ask("select array_agg(distinct auth_method) from pg_hba_file_rules")
    assert methods == ["scram-sha-256"]
    assert running.settings["password"] not in repr(running)


def test_it_listens_on_one_address_and_on_no_socket(home: Path) -> None:
    running = server.start()
    assert ask("show listen_addresses") == "127.0.0.1"
    assert ask("show unix_socket_directories") == ""
    if sys.platform == "linux":  # only there all of 127.* is this machine
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", running.port)) == 0
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.2", running.port)) != 0


def test_it_sorts_and_folds_case_alike_everywhere(home: Path) -> None:
    server.start()
    assert (
        ask("select lower('ÉÄ') || string_agg(c, '' order by c) from unnest(array['b', 'a', 'B', 'é']) as c")
        == "éäBabé"
    )
    assert ask("select pg_encoding_to_char(encoding) from pg_database where datname = 'simrace'") == "UTF8"
    assert ask("show timezone") == "UTC"


def test_a_taken_port_is_left_to_its_owner_and_the_way_out_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = server.start()
    write("create table kept as select 42 as answer")
    server.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first.port))
        other.listen()
        other.settimeout(10)
        closer = threading.Thread(target=lambda: other.accept()[0].close())
        closer.start()
        with pytest.raises(ServerError, match=rf"Port {first.port}.* is taken by another program.*set {PORT_VARIABLE}"):
            server.start()
        closer.join()
        monkeypatch.setenv(PORT_VARIABLE, own_server(home)[PORT_VARIABLE])
        second = server.start()
    assert second.port != first.port
    assert ask("select answer from kept") == 42
    server.stop()
    monkeypatch.delenv(PORT_VARIABLE)
    assert server.start().port == second.port, "the home remembers it"


def test_two_homes_have_a_port_each_and_know_one_another(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = server.start()
    other = home / "other"
    monkeypatch.setenv("SIMRACE_HOME", str(other))
    with pytest.raises(ServerError, match=f"is taken by the server of another SIMRACE_HOME, {home}. End that"):
        server.start()
    monkeypatch.setenv(PORT_VARIABLE, own_server(home)[PORT_VARIABLE])
    second = server.start()
    assert second.port != first.port
    lines = (home / "pgpass").read_text().splitlines()
    assert sorted(line.split(":")[1] for line in lines) == sorted([str(first.port), str(second.port)])
    assert server.stop()
    monkeypatch.setenv("SIMRACE_HOME", str(home))
    monkeypatch.setenv(PORT_VARIABLE, str(first.port))


def test_a_server_at_a_port_of_chance_moves_when_nobody_is_connected(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As older versions left it, running or not."""
    first = server.start()
    write("create table kept as select 42 as answer")
    port_file(home).unlink()
    (home / "postgres.port").write_text(str(first.port))
    wanted = own_server(home)[PORT_VARIABLE]
    monkeypatch.setattr("simrace.database.settings.default_port", lambda: int(wanted))
    monkeypatch.delenv(PORT_VARIABLE)
    messages: list[str] = []
    with closing(psycopg2.connect(first.url)):
        assert server.start(messages.append).port == first.port
    assert [message for message in messages if f"to {wanted}" in message and "when nobody is connected" in message]
    assert server.start(messages.append).port == int(wanted)
    assert ask("select answer from kept") == 42
    assert not (home / "postgres.port").exists()
    lines = (home / "pgpass").read_text().splitlines()
    assert [line.split(":")[1] for line in lines] == [wanted], "one line a server"


def test_a_folder_of_someone_else_is_left_alone(home: Path) -> None:
    (home / "postgres").mkdir()
    (home / "postgres" / "holiday.jpg").touch()
    with pytest.raises(ServerError, match="is not empty and holds no PostgreSQL cluster"):
        server.start()
    assert (home / "postgres" / "holiday.jpg").exists()


def test_a_cluster_of_another_major_version_is_left_alone(home: Path) -> None:
    (home / "postgres").mkdir()
    (home / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(ServerError, match=r"a cluster of PostgreSQL 15; this simrace runs PostgreSQL 1[6-9]"):
        server.start()


def test_a_lost_password_is_named(home: Path) -> None:
    server.start()
    server.stop()
    password_file(home).unlink()
    with pytest.raises(ServerError, match="password is missing"):
        server.start()


def test_a_changed_password_is_named(home: Path) -> None:
    server.start()
    write("alter role simrace password 'other'")
    with pytest.raises(ServerError, match="password authentication failed"):
        server.start()


def test_an_interrupted_set_up_is_done_again(home: Path) -> None:
    (home / "postgres.new").mkdir()
    (home / "postgres.new" / "PG_VERSION").write_text("18\n")
    assert server.start().is_running


def test_a_missing_database_is_made(home: Path) -> None:
    running = server.start()
    connection = psycopg2.connect(build_url({**running.settings, "dbname": "postgres"}))
    connection.autocommit = True
    connection.cursor().execute("drop database simrace")
    connection.close()
    assert server.start().is_running


def test_a_home_that_cannot_be_made_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = home / "file"
    file.touch()
    monkeypatch.setenv("SIMRACE_HOME", str(file / "home"))
    with pytest.raises(ServerError, match="Set SIMRACE_HOME to a folder"):
        server.start()
    monkeypatch.setenv("SIMRACE_HOME", str(home))


def test_what_initdb_said_is_shown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(server.EMBEDDED, "user", "pg_taken")  # a name that PostgreSQL reserves
    with pytest.raises(ServerError, match='superuser name "pg_taken" is disallowed'):
        server.start()
    assert not (home / "postgres").exists()


def test_what_the_server_said_is_shown(home: Path) -> None:
    running = server.start()
    server.stop()
    with (running.data_directory / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_setting = 1\n")
    with pytest.raises(ServerError, match='unrecognized configuration parameter "no_such_setting"'):
        server.start()


@needs_root
def test_root_runs_it_as_an_ordinary_user(home: Path) -> None:
    running = server.start()
    owner = running.data_directory.stat().st_uid
    process = (running.data_directory / "postmaster.pid").read_text().split()[0]
    assert owner != 0
    if sys.platform == "linux":
        assert Path(f"/proc/{process}").stat().st_uid == owner


@needs_root
@pytest.mark.parametrize("made_by", ["this version", "an older version"])
def test_the_server_comes_into_a_home_that_was_made_before_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_by: str
) -> None:
    """A warehouse on another server had it first: files of simrace are there, and only root could enter."""
    own = home / "own"
    monkeypatch.setenv("SIMRACE_HOME", str(own))
    if made_by == "an older version":
        own.mkdir(mode=0o700)
    mask = os.umask(0o077)
    try:
        log_event("said")
        remember_paths(["/srv/races"])
        (tmp_path / "note").write_text("bread")
        refused_copies.keep(tmp_path / "note", hashlib.sha256(b"bread").hexdigest())
        unchanged._write({})
        uploads.prepare()
        declared_folder().mkdir()
        for name in ("schedule", "seeds", "spark", "target"):
            (own / name).mkdir()
        connect = ConnectionParameters({"host": "x", "port": "1", "dbname": "x", "user": "x"})
        assert commands.loader(connect).pipeline
    finally:
        os.umask(mask)
    assert own.stat().st_mode & 0o777 == (0o711 if made_by == "this version" else 0o700)
    assert {file.name for file in own.iterdir()} == KEPT_IN_HOME
    assert server.start().is_running
    assert server.stop()
    others = [file.name for file in own.iterdir() if file.name in KEPT_IN_HOME and file.stat().st_mode & 0o077]
    assert others == [], "nobody else reads what names people"
    monkeypatch.setenv("SIMRACE_HOME", str(home))


@needs_root
def test_root_is_told_of_a_home_that_nobody_can_enter(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("SIMRACE_HOME", str(closed / "home"))
    with pytest.raises(ServerError, match="cannot enter"):
        server.start()
    monkeypatch.setenv("SIMRACE_HOME", str(home))


@needs_root
def test_programs_that_only_root_can_reach_are_copied(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = server_system.find_installed_programs().parents[1]
    with tempfile.TemporaryDirectory() as closed:  # of mode 0700, as /root is
        for folder in (installed, installed.with_name(f"{installed.name}.libs")):
            if folder.exists():
                shutil.copytree(folder, Path(closed) / folder.name)
        monkeypatch.syspath_prepend(closed)
        assert server.start().is_running
        assert server.stop()
    assert len(list(home.glob("postgres.programs-*"))) == 1


def _start_as(uid: int, gid: int, home: Path) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    running = server.start()
    assert running.data_directory.stat().st_uid == uid
    assert home.stat().st_mode & 0o777 == 0o700
    assert ask("select 42") == 42
    assert server.stop()


@needs_root
def test_an_ordinary_user_needs_no_root(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uid, gid = 65_534, 65_534
    postgres = server_system.find_installed_programs() / "postgres"
    try:
        server_system.call([str(postgres), "--version"], Path("/"), (uid, gid))
    except PermissionError:
        pytest.skip("the packages are in a folder that ordinary users cannot enter")
    os.chown(home, uid, gid)
    monkeypatch.setenv("SIMRACE_HOME", str(home / "own"))
    process = multiprocessing.get_context("fork").Process(target=_start_as, args=(uid, gid, home / "own"))
    process.start()
    process.join(60)
    assert process.exitcode == 0
