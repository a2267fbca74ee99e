"""Which database is meant, and how dbt and sqlfluff are told before their first line runs.

profiles.yml can read nothing but environment variables, while the embedded server keeps its random port and password in
files. So `simrace_dbt_environment.pth` calls `set_up` when this Python starts dbt or sqlfluff. For that reason the
module imports little.
"""

import gc
import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path

from ingestion.pseudonyms import session_options

Settings = dict[str, str]  # keyed by libpq's own keywords: host, port, user, password, dbname, sslmode, ...

URL_VARIABLE = "SIMRACE_DATABASE_URL"
HOME_VARIABLE = "SIMRACE_HOME"
EMBEDDED: Settings = {"host": "127.0.0.1", "user": "simrace", "dbname": "simrace"}
DEFAULTS: Settings = {"port": "5432", "connect_timeout": "10"}

# For each setting: the variable that profiles.yml reads, and the standard one of PostgreSQL's own programs.
VARIABLES = {
    "host": ("SIMRACE_DB_HOST", "PGHOST"),
    "port": ("SIMRACE_DB_PORT", "PGPORT"),
    "user": ("SIMRACE_DB_USER", "PGUSER"),
    "password": ("DBT_ENV_SECRET_SIMRACE_PASSWORD", "PGPASSWORD"),  # dbt takes what starts so out of its logs
    "dbname": ("SIMRACE_DB_NAME", "PGDATABASE"),
    "sslmode": ("SIMRACE_DB_SSLMODE", "PGSSLMODE"),
    "sslrootcert": ("SIMRACE_DB_SSLROOTCERT", "PGSSLROOTCERT"),
    "sslcert": ("SIMRACE_DB_SSLCERT", "PGSSLCERT"),
    "sslkey": ("SIMRACE_DB_SSLKEY", "PGSSLKEY"),
    "connect_timeout": ("SIMRACE_DB_CONNECT_TIMEOUT", "PGCONNECT_TIMEOUT"),
    "channel_binding": ("PGCHANNELBINDING", "PGCHANNELBINDING"),  # no setting of dbt's, yet hosted URLs carry it
}


DBT = {"dbt", "dbt.cli.main"}
WRITING = {"build", "clone", "retry", "run", "run-operation", "seed", "snapshot"}  # dbt's commands that change tables


class DatabaseError(RuntimeError):
    """There is no database to work with; the text says what, where, and the way out."""


def home_directory() -> Path:
    """Folder of everything that simrace keeps outside the database's own storage.

    Root gets a folder of the system: the server runs as an ordinary user, and that user cannot enter root's home.
    """
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home).expanduser().absolute()
    if sys.platform != "win32" and os.geteuid() == 0:
        return Path("/var/lib/simrace")
    import platformdirs  # here, because a home that is named needs no import

    return Path(platformdirs.user_data_dir("simrace", appauthor=False))


def port_file(home: Path) -> Path:
    """File that holds the embedded server's port."""
    return home / "postgres.port"


def password_file(home: Path) -> Path:
    """File that holds the password of the embedded server's only role."""
    return home / "postgres.password"


def embedded_settings() -> Settings | None:
    """Settings of the embedded server, running or not; None when it was never set up.

    Raises:
        DatabaseError: the files are there but cannot be used.
    """
    home = home_directory()
    try:
        port = port_file(home).read_text(encoding="ascii").strip()
        password = password_file(home).read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DatabaseError(
            f"The embedded server's files in {home} cannot be read ({error.__class__.__name__}). "
            f"Run as the user that started it, or set {HOME_VARIABLE} to a folder of your own."
        ) from None
    settings = {**EMBEDDED, **DEFAULTS, "port": port, "password": password}
    _check_numbers(settings, str(port_file(home)))
    return settings


def configured_settings(environ: Mapping[str, str] = os.environ) -> Settings | None:
    """Settings of the database that the user named by a URL or by PGHOST; None when neither is set.

    Raises:
        DatabaseError: the URL or a PG* variable cannot be understood.
    """
    if url := environ.get(URL_VARIABLE):
        source, settings = URL_VARIABLE, parse_url(url)
    elif environ.get("PGHOST"):
        source = "PG* environment variables"
        settings = {name: environ[standard] for name, (_, standard) in VARIABLES.items() if environ.get(standard)}
    else:
        return None
    # As libpq does: the user of the machine, and a database of the user's name. dbt wants both written out.
    settings.setdefault("user", _machine_user())
    settings.setdefault("dbname", settings["user"])
    settings = {**DEFAULTS, **settings}
    _check_numbers(settings, source)
    return settings


def parse_url(url: str) -> Settings:
    """Read the settings of a postgresql:// URL; what it does not name is left out.

    Raises:
        DatabaseError: it is no such URL. The text repeats no part of it, because it may hold the password.
    """
    from urllib.parse import parse_qsl, unquote, urlsplit

    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query.replace("+", "%2B"), strict_parsing=bool(parts.query)))
        named = {
            "host": parts.hostname,
            "port": str(parts.port) if parts.port is not None else None,
            "user": parts.username,
            "password": parts.password,
            "dbname": parts.path.removeprefix("/"),
        }
        # A fragment is what a "#" in a password makes of the rest of the URL.
        understood = parts.scheme in {"postgresql", "postgres"} and not parts.fragment
    except ValueError:
        understood = False
    if not understood:
        raise DatabaseError(
            f"{URL_VARIABLE} is not a URL of the form postgresql://user:password@host:5432/database?sslmode=require. "
            "Special characters in the user or the password are written as %40 for @, %23 for #, %2F for / and so on."
        )
    if unknown := sorted(query.keys() - VARIABLES.keys()):
        raise DatabaseError(
            f"{URL_VARIABLE} has parameters that simrace does not use: {', '.join(unknown)}. "
            f"Take them out; it knows {', '.join(VARIABLES)}."
        )
    settings = {name: unquote(value) for name, value in named.items() if value} | query
    if not settings.get("host"):
        raise DatabaseError(f"{URL_VARIABLE} names no host. Write one between @ and /, for example 127.0.0.1.")
    return settings


def build_url(settings: Settings) -> str:
    """Write settings as a URL, password included; `parse_url` reads it back."""
    from urllib.parse import quote, urlencode

    rest = {name: value for name, value in settings.items() if name not in {"port", "user", "password", "dbname"}}
    host = rest.pop("host")
    if host.startswith("/"):  # the folder of a socket cannot stand where a host name stands
        rest["host"], host = host, ""
    elif ":" in host:
        host = f"[{host}]"
    user = quote(settings["user"], safe="")
    password = f":{quote(settings['password'], safe='')}" if settings.get("password") else ""
    parameters = f"?{urlencode(rest, quote_via=quote)}" if rest else ""
    return f"postgresql://{user}{password}@{host}:{settings['port']}/{quote(settings['dbname'], safe='')}{parameters}"


def dbt_variables(settings: Settings) -> dict[str, str]:
    """Environment variables that profiles.yml reads; those without a value are empty, so that no old one stays."""
    variables = {ours: settings.get(name, "") for name, (ours, _) in VARIABLES.items()}
    if not variables["PGCHANNELBINDING"]:
        del variables["PGCHANNELBINDING"]  # libpq refuses an empty one
    return variables


def set_up(
    arguments: Sequence[str] | None = None,
    environ: MutableMapping[str, str] = os.environ,
) -> None:
    """Set the variables of profiles.yml when this process is dbt or sqlfluff and they are not set; never fails.

    Args:
        arguments: Command line of the process, the interpreter first; this process's own when left out.
        environ: Environment to read and to add to.
    """
    arguments = sys.orig_argv if arguments is None else arguments
    program = _program(arguments)
    if program not in {*DBT, "sqlfluff"}:
        return
    collect_garbage_seldom()
    environ.update(session_options(environ))
    # All or nothing: half of the user's settings and half of ours would be a database that nobody meant.
    if VARIABLES["host"][0] not in environ:
        try:
            settings = configured_settings(environ) or embedded_settings()
        except DatabaseError as error:
            print(f"simrace: {error}", file=sys.stderr)
            return
        for name, value in dbt_variables(settings).items() if settings else ():
            environ.setdefault(name, value)
    if program in DBT and not WRITING.isdisjoint(arguments):
        _hold_warehouse({name: environ[ours] for name, (ours, _) in VARIABLES.items() if environ.get(ours)})


def collect_garbage_seldom() -> None:
    """Let Python look for garbage less often: it takes a sixth of dbt's time, a third of sqlfluff's.

    It costs dbt 140 MB, whatever the data.
    """
    gc.set_threshold(1_000_000)


def _hold_warehouse(settings: Settings) -> None:
    """Let dbt wait for a run that is at work, and runs wait for dbt; what does not answer is left to dbt to tell."""
    if "host" not in settings:
        return
    from ingestion.warehouse import WAITING, hold_until_exit

    try:
        hold_until_exit({**DEFAULTS, **settings}, lambda: print(WAITING, file=sys.stderr, flush=True))
    except DatabaseError:
        pass
    except KeyboardInterrupt:
        os._exit(130)  # Python is still starting and would call it a fatal error


def _program(arguments: Sequence[str]) -> str:
    """Name of the script or module that Python was asked to run, without folder and suffix."""
    rest = iter(arguments[1:])
    for argument in rest:
        if argument in {"-X", "-W"}:  # their value follows
            next(rest, None)
        elif not argument.startswith("-"):
            return Path(argument).stem
        elif argument.endswith("m"):  # -m, -Im
            return next(rest, "")
    return ""


def _machine_user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container may run as a number without a name
        return ""


def _check_numbers(settings: Settings, source: str) -> None:
    for name, highest in (("port", 65_535), ("connect_timeout", 86_400)):
        value = settings[name]
        if not (value.isascii() and value.isdigit() and int(value) <= highest):
            raise DatabaseError(f"The {name} in {source} is not a number up to {highest}. Put it right.")
