"""Which database is meant, how it is named, and how dbt comes to know it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingestion import dbt_environment, server, server_system
from ingestion.database import ConnectionParameters, connection_parameters, require_supported
from ingestion.db_commands import app
from ingestion.dbt_environment import DatabaseError, build_url, configured_settings, parse_url, set_up

PROJECT = Path(__file__).parents[2]
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
        patch.setenv("SIMRACE_HOME", str(home))
        yield server.start()
        patch.setenv("SIMRACE_HOME", str(home))
        server.stop()
    shutil.rmtree(home)


@pytest.fixture
def in_home(running: server.Server, monkeypatch: pytest.MonkeyPatch) -> server.Server:
    """The running server, with SIMRACE_HOME and nothing else set."""
    monkeypatch.setenv("SIMRACE_HOME", str(running.data_directory.parent))
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
    folder, programs, port = Path(tempfile.mkdtemp()), OLD_PROGRAMS[-1], server_system.choose_port()
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


@pytest.mark.parametrize(
    "command",
    [
        ["python", "/venv/bin/dbt", "build"],
        ["python", "-X", "utf8", "-u", "/venv/bin/dbt", "build"],
        ["python", "/venv/bin/sqlfluff.exe", "lint"],
        ["python", "-m", "sqlfluff", "lint"],
        ["python", "-Im", "dbt.cli.main", "build"],
    ],
)
def test_dbt_and_sqlfluff_learn_the_embedded_server(command: list[str], in_home: server.Server) -> None:
    environ: dict[str, str] = {}
    set_up(command, environ)
    assert environ == ConnectionParameters(in_home.settings).environment()
    assert environ["SIMRACE_DB_PORT"] == str(in_home.port)


def test_nothing_else_learns_it_and_what_is_set_stays(in_home: server.Server) -> None:
    for command in (["python", "-m", "pytest", "dbt"], ["python", "/x/run.py", "dbt"], ["python"], []):
        environ: dict[str, str] = {}
        set_up(command, environ)
        assert environ == {}
    theirs = {"SIMRACE_DB_HOST": "elsewhere"}
    set_up(["python", "dbt"], theirs)
    assert theirs == {"SIMRACE_DB_HOST": "elsewhere"}


def test_a_wrong_setting_is_told_and_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"SIMRACE_DATABASE_URL": "mysql://x"}
    set_up(["python", "dbt"], environ)
    assert environ == {"SIMRACE_DATABASE_URL": "mysql://x"}
    assert "SIMRACE_DATABASE_URL is not a URL" in capsys.readouterr().err


def test_without_a_server_nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRACE_HOME", str(tmp_path))
    environ: dict[str, str] = {}
    set_up(["python", "dbt"], environ)
    assert environ == {}


def test_profiles_and_variables_name_the_same() -> None:
    read = set(re.findall(r"env_var\('(\w+)'", (PROJECT / "profiles.yml").read_text()))
    written = {ours for ours, _ in dbt_environment.VARIABLES.values()}
    assert read - {"SIMRACE_DB_THREADS"} == written - {"PGCHANNELBINDING"}


@pytest.mark.parametrize("target", ["dev", "ci"])
def test_plain_dbt_connects_with_nothing_set(target: str, in_home: server.Server, tmp_path: Path) -> None:
    """A script called dbt, in a Python that has the .pth file."""
    (tmp_path / "site").mkdir()
    shutil.copy(PROJECT / "simrace_dbt_environment.pth", tmp_path / "site")
    script = tmp_path / "dbt"
    script.write_text(
        "import os, site\n"
        "site.addsitedir('site')\n"
        "assert 'SIMRACE_DB_PORT' in os.environ\n"
        "site.main()\n"
        "from dbt.cli.main import cli\n"
        "cli()\n"
    )
    project = tmp_path / "dbt_project.yml"
    project.write_text("{name: simrace, profile: simrace}\n")
    variables = {**os.environ, "PYTHONPATH": str(PROJECT), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    options = ["--profiles-dir", str(PROJECT), "--target", target]
    # -S: without the file of an installed simrace, so that it is this one that counts.
    command = [sys.executable, "-S", str(script), "debug", "--connection", *options]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert str(in_home.port) in done.stdout
    logs = "".join(file.read_text() for file in tmp_path.rglob("*.log"))
    assert in_home.settings["password"] not in done.stdout + logs


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
