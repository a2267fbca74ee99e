"""Which database is meant, how it is named, and how dbt comes to know it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simrace.cli.db import app
from simrace.database import server, server_system, settings
from simrace.database.connection import ConnectionParameters, connection_parameters, require_supported
from simrace.database.passfile import remember_password
from simrace.database.settings import (
    PORT_VARIABLE,
    DatabaseError,
    build_url,
    configured_settings,
    dbt_variables,
    default_port,
    parse_url,
)
from tests.commands import run_command
from tests.conftest import own_server

PROJECT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
OLD_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("1[0-5]/bin"))
SECRET = "p@s/s:w#r d%ü"  # noqa: S105 - not a password but a test of all that may be in one
SECRET_IN_URL = "p%40s%2Fs%3Aw%23r%20d%25%C3%BC"  # noqa: S105


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("PG", "SIMRACE_", "DBT_"))]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def running() -> Iterator[server.Server]:
    """One server for the tests of this file, in a home that its user can enter."""
    home = Path(tempfile.mkdtemp(prefix="simrace-test-"))
    with pytest.MonkeyPatch.context() as patch:
        ours = {"SIMRACE_HOME": str(home), **own_server(home)}
        for name, value in ours.items():
            patch.setenv(name, value)
        yield server.start()
        for name, value in ours.items():
            patch.setenv(name, value)
        server.stop()
    shutil.rmtree(home)


@pytest.fixture
def in_home(running: server.Server, monkeypatch: pytest.MonkeyPatch) -> server.Server:
    """The running server, with what tells it from others and nothing else set."""
    home = running.data_directory.parent
    monkeypatch.setenv("SIMRACE_HOME", str(home))
    monkeypatch.setenv("PGPASSFILE", str(home / "pgpass"))
    monkeypatch.setenv(PORT_VARIABLE, str(running.port))
    return running


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        (
            "postgresql://ann:secret@db.example:6000/racing?sslmode=verify-full&sslrootcert=/a+b/ca.pem&connect_timeout=3",
            {
                "host": "db.example",
                "port": "6000",
                "user": "ann",
                "password": "secret",
                "dbname": "racing",
                "sslmode": "verify-full",
                "sslrootcert": "/a+b/ca.pem",
                "connect_timeout": "3",
            },
        ),
        (f"postgres://a%40b:{SECRET_IN_URL}@h/d", {"host": "h", "user": "a@b", "password": SECRET, "dbname": "d"}),
        ("postgresql://ann@[::1]:6000/d", {"host": "::1", "port": "6000", "user": "ann", "dbname": "d"}),
        ("postgresql://ann@/d?host=/var/run/pg", {"host": "/var/run/pg", "user": "ann", "dbname": "d"}),
    ],
)
def test_a_url_is_read_and_written_alike(url: str, settings: dict[str, str]) -> None:
    assert parse_url(url) == settings
    complete = {"port": "5432", **settings}
    assert parse_url(build_url(complete)) in (settings, complete)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hidden#x@host/d",
        "postgresql://ann:hidden/x@host/d",
        "postgresql://ann:hidden@host:port/d",
        "postgresql://ann:hidden@host:99999/d",
        "postgresql://ann:hidden@one:1,two:2/d",
        "postgresql://ann:hidden@host/d?sslmode",
        "postgresql://ann:hidden@host/d?speed=high",
        "postgresql://ann:hidden@host/d?connect_timeout=soon",
        "postgresql://ann:hidden@/d",
        "mysql://ann:hidden@host/d",
        "host=h password=hidden",
    ],
)
def test_a_url_that_cannot_be_understood_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseError, match="SIMRACE_DATABASE_URL") as caught:
        configured_settings({"SIMRACE_DATABASE_URL": url})
    assert "hidden" not in str(caught.value)
    assert (
        caught.value.__context__ is None
        or caught.value.__suppress_context__
        or "hidden" not in str(caught.value.__context__)
    )


def test_the_url_goes_before_the_standard_variables_and_those_before_the_embedded_server(
    in_home: server.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = connection_parameters()
    assert embedded.is_embedded and embedded.url == in_home.url
    for name, value in {"PGHOST": "h", "PGUSER": "ann", "PGPASSWORD": "x", "PGSSLMODE": "require"}.items():
        monkeypatch.setenv(name, value)
    assert connection_parameters().settings == {
        "host": "h",
        "port": "5432",
        "user": "ann",
        "password": "x",
        "dbname": "ann",
        "sslmode": "require",
        "connect_timeout": "10",
    }
    monkeypatch.setenv("SIMRACE_DATABASE_URL", "postgresql://bob@other/d")
    assert connection_parameters().settings["host"] == "other"


def test_no_text_form_and_no_error_holds_the_password() -> None:
    parameters = ConnectionParameters(
        {"host": "127.0.0.1", "port": "1", "user": "ann", "password": "hidden", "dbname": "d", "connect_timeout": "2"}
    )
    assert "hidden" in parameters.url
    with pytest.raises(DatabaseError, match=r"d at 127\.0\.0\.1:1 as ann") as caught:
        parameters.connect()
    assert not any("hidden" in text for text in (str(parameters), repr(parameters), str(caught.value)))


def test_a_connection_says_who_it_is_and_takes_more(in_home: server.Server) -> None:
    with closing(connection_parameters().connect(options="-c statement_timeout=1234")) as connection:
        cursor = connection.cursor()
        cursor.execute("select current_setting('application_name'), current_setting('statement_timeout')")
        assert cursor.fetchone() == ("simrace", "1234ms")


@pytest.mark.parametrize(("version", "found"), [(150_009, "15.9"), (90_624, "9.624")])
def test_an_old_version_is_refused_by_name(version: int, found: str) -> None:
    with pytest.raises(DatabaseError, match=f"is PostgreSQL {re.escape(found)}; simrace needs 16"):
        require_supported(version)
    require_supported(160_000)


@pytest.mark.skipif(not OLD_PROGRAMS, reason="there is no PostgreSQL below 16 on this machine")
def test_an_old_server_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    folder, programs = Path(tempfile.mkdtemp()), OLD_PROGRAMS[-1]
    port = own_server(folder)[PORT_VARIABLE]
    identity = server_system.prepare_home(folder)
    data = folder / "data"
    data.mkdir()
    server_system.hand_over(data, identity)

    def run(program: str, *arguments: str) -> None:
        code, said = server_system.call([str(programs / program), "-D", str(data), *arguments], folder, identity)
        assert code == 0, said

    run("initdb", "-U", "simrace", "-A", "trust", "-N")
    run("pg_ctl", "start", "-w", "-l", str(data / "log"), "-o", f"-p {port} -h 127.0.0.1 -k ''")
    monkeypatch.setenv("SIMRACE_DATABASE_URL", f"postgresql://simrace@127.0.0.1:{port}/postgres")
    try:
        with pytest.raises(DatabaseError, match=r"is PostgreSQL 1[0-5]\.\d+; simrace needs 16"):
            connection_parameters().connect()
    finally:
        run("pg_ctl", "stop", "-m", "immediate")
        shutil.rmtree(folder)


Debug = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def debug(tmp_path: Path) -> Debug:
    """What dbt says of its connection, called with nothing set but these variables."""

    def run(*program: str, target: str = "dev", **variables: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "dbt_project.yml").write_text("{name: simrace, profile: simrace}\n")
        shutil.copy(PROJECT / "profiles.yml", tmp_path)
        ours = {"SIMRACE_PROJECT": str(tmp_path), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        command = (*(program or ("dbt",)), "debug", "--connection", "--target", target)
        return run_command(command, {**os.environ, **ours, **variables}, tmp_path, timeout_s=60)

    return run


@pytest.mark.parametrize(("program", "target"), [(("dbt",), "dev"), (("dbt",), "ci"), (("simrace", "dbt"), "dev")])
def test_plain_dbt_connects_with_nothing_set(
    program: tuple[str, ...], target: str, in_home: server.Server, debug: Debug, tmp_path: Path
) -> None:
    done = debug(*program, target=target)
    assert done.returncode == 0, done.stdout
    assert str(in_home.port) in done.stdout
    logs = "".join(file.read_text() for file in tmp_path.rglob("*.log"))
    assert in_home.settings["password"] not in done.stdout + logs


@pytest.mark.parametrize("home", ["", "/tmp/Rennstrecke Nürburg"])  # noqa: S108 - nothing is made there
def test_dbt_and_simrace_come_to_the_same_port(
    home: str, debug: Debug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that nobody needs to set, and that another home does not want."""
    ports = {default_port({"SIMRACE_HOME": name}) for name in ("", "/srv/races", "/srv/more_races")}
    assert len(ports) == 3
    if home:
        monkeypatch.setenv("SIMRACE_HOME", home)
    assert re.search(rf"\bport: {default_port()}\b", debug().stdout)
    monkeypatch.setattr(settings, "home_directory", lambda: tmp_path)  # no server was there before
    assert settings.wanted_port() == str(default_port())
    monkeypatch.setenv(PORT_VARIABLE, "20000")
    assert settings.wanted_port() == "20000"


def test_plain_dbt_takes_the_standard_variables_as_simrace_does(in_home: server.Server, debug: Debug) -> None:
    theirs = {"PGHOST": "localhost", "PGPORT": str(in_home.port), "PGUSER": "simrace", "PGDATABASE": "postgres"}
    done = debug(**theirs, SIMRACE_HOME="/nowhere", SIMRACE_DB_PORT="", PGPASSWORD=in_home.settings["password"])
    assert done.returncode == 0, done.stdout
    assert "host: localhost" in done.stdout and "database: postgres" in done.stdout


def test_plain_dbt_refuses_a_url_that_it_cannot_read(in_home: server.Server, debug: Debug) -> None:
    """It would go to the embedded server, which nobody meant."""
    url = in_home.url.replace("127.0.0.1", "localhost")
    refused = debug(SIMRACE_DATABASE_URL=url)
    assert refused.returncode != 0
    assert "SIMRACE_DATABASE_URL, which plain dbt cannot read. Or call `simrace dbt`" in " ".join(
        refused.stdout.split()
    )
    assert "host: localhost" in debug("simrace", "dbt", SIMRACE_DATABASE_URL=url).stdout
    assert "host: localhost" in debug(SIMRACE_DATABASE_URL=url, **dbt_variables(parse_url(url))).stdout


def test_profiles_and_variables_name_the_same() -> None:
    read = set(re.findall(r"env_var\('([^']+)'", (PROJECT / "profiles.yml").read_text()))
    ours, standard = (set(names) for names in zip(*settings.VARIABLES.values(), strict=True))
    # What libpq reads by itself needs no word in profiles.yml.
    by_libpq = {name for name in standard if name.startswith(("PGSSL", "PGCHANNEL", "PGCONNECT"))}
    others = {"SIMRACE_DB_THREADS", "SIMRACE_HOME", "SIMRACE_DATABASE_URL"}
    others |= {name for name in read if "SIMRACE_SPARK_" in name}  # of another target
    said = {name for name in read if " " in name}
    assert read - others - said == ours - {"PGCHANNELBINDING"} | standard - by_libpq


THEIRS = "# mine\ndb.example:5432:*:ann:secret\n127.0.0.1:9:*:simrace:other"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "{line}\n"),
        ("", "{line}\n"),
        (THEIRS, "{line}\n" + THEIRS),
        (THEIRS + "\r\n", "{line}\n" + THEIRS + "\r\n"),
        ("127.0.0.1:4000:*:simrace:old\n" + THEIRS, "{line}\n" + THEIRS),  # a home that is gone
        (THEIRS + "\n127.0.0.1:4001:*:simrace:a\\:b\\\\c\n", "{line}\n" + THEIRS + "\n"),  # it had another port
        (THEIRS + "\n{line}\n", THEIRS + "\n{line}\n"),
    ],
)
def test_libpq_gets_one_line_and_the_others_stay(
    before: str | None, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "folder" / "pgpass"
    monkeypatch.setenv("PGPASSFILE", str(file))
    line = r"127.0.0.1:4000:*:simrace:a\:b\\c"
    if before is not None:
        file.parent.mkdir()
        file.write_bytes(before.replace("{line}", line).encode())
        file.chmod(0o600)
    there = {"host": "127.0.0.1", "port": "4000", "user": "simrace", "password": r"a:b\c"}
    assert remember_password(there) == (None if before == after else file)
    assert file.read_bytes().decode() == after.replace("{line}", line)
    assert remember_password(there) is None
    assert [path.name for path in file.parent.iterdir()] == ["pgpass"]


@pytest.mark.skipif(sys.platform == "win32", reason="about modes and links")
def test_the_password_file_is_private_and_a_link_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"host": "127.0.0.1", "port": "4000", "user": "simrace", "password": "secret"}
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "dotfiles").write_text(THEIRS)
    (tmp_path / "dotfiles").chmod(0o644)
    (tmp_path / ".pgpass").symlink_to(tmp_path / "dotfiles")
    assert remember_password(there) == tmp_path / "dotfiles"
    assert (tmp_path / ".pgpass").is_symlink()
    assert (tmp_path / "dotfiles").stat().st_mode & 0o777 == 0o600
    (tmp_path / "dotfiles").chmod(0o640)  # libpq passes over it
    assert remember_password(there) == tmp_path / "dotfiles"
    assert (tmp_path / "dotfiles").stat().st_mode & 0o777 == 0o600


def test_what_a_killed_writer_left_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simrace.database.passfile.PATIENCE_S", 0.2)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    (tmp_path / "pgpass.simrace").write_text("half a li")
    assert remember_password({"host": "127.0.0.1", "port": "4000", "user": "simrace", "password": "secret"})
    assert (tmp_path / "pgpass").read_text() == "127.0.0.1:4000:*:simrace:secret\n"


def test_a_password_file_that_cannot_be_written_is_told_once_and_stops_nothing(
    in_home: server.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "file" / "pgpass"))
    messages: list[str] = []
    server.start(messages.append)
    assert not messages
    server.stop()
    server.start(messages.append)
    assert [message for message in messages if "cannot be kept" in message and "simrace dbt" in message]


def test_the_commands(
    in_home: server.Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["url"]).stdout.strip() == in_home.url
    status = runner.invoke(app, ["status"])
    assert status.exit_code == 0 and str(in_home.port) in status.stdout
    assert in_home.settings["password"] not in status.stdout
    assert runner.invoke(app, ["psql", "-At", "-c", "select 6 * 7"]).exit_code == 0
    assert capfd.readouterr().out == "42\n"
    assert runner.invoke(app, ["stop"]).exit_code == 0
    assert runner.invoke(app, ["status"]).exit_code == 3
    assert str(in_home.port) in runner.invoke(app, ["start"]).stdout
    monkeypatch.setenv("SIMRACE_DATABASE_URL", "postgresql://ann:hidden@127.0.0.1:1/d")
    failed = runner.invoke(app, ["status"])
    assert failed.exit_code == 1 and "hidden" not in failed.output
