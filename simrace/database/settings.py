"""Which database is used, and how dbt learns it.

profiles.yml can read only environment variables, and works without any: the embedded server listens on a port that
follows from its home, and its password is in libpq's own password file (simrace/database/passfile.py).
"""

import getpass
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from ingestion.errors import ReadableError
from ingestion.settings import HOME_VARIABLE, home_directory

Settings = dict[str, str]  # keyed by libpq's own keywords: host, port, user, password, dbname, sslmode, ...

URL_VARIABLE = "SIMRACE_DATABASE_URL"
EMBEDDED: Settings = {"host": "127.0.0.1", "user": "simrace", "dbname": "simrace"}
DEFAULTS: Settings = {"port": "5432", "connect_timeout": "10"}

# For each setting: the variable that profiles.yml reads, and the standard one of PostgreSQL's own programs.
VARIABLES = {
    "host": ("SIMRACE_DB_HOST", "PGHOST"),
    "port": ("SIMRACE_DB_PORT", "PGPORT"),
    "user": ("SIMRACE_DB_USER", "PGUSER"),
    "password": (
        "DBT_ENV_SECRET_SIMRACE_PASSWORD",
        "PGPASSWORD",
    ),  # dbt keeps this prefix out of its logs
    "dbname": ("SIMRACE_DB_NAME", "PGDATABASE"),
    "sslmode": ("SIMRACE_DB_SSLMODE", "PGSSLMODE"),
    "sslrootcert": ("SIMRACE_DB_SSLROOTCERT", "PGSSLROOTCERT"),
    "sslcert": ("SIMRACE_DB_SSLCERT", "PGSSLCERT"),
    "sslkey": ("SIMRACE_DB_SSLKEY", "PGSSLKEY"),
    "connect_timeout": ("SIMRACE_DB_CONNECT_TIMEOUT", "PGCONNECT_TIMEOUT"),
    "channel_binding": (
        "PGCHANNELBINDING",
        "PGCHANNELBINDING",
    ),  # dbt has no such setting, hosted URLs do
}

PORT_VARIABLE = VARIABLES["port"][0]
PORTS = range(20_000, 32_000)  # below the ports of outgoing connections


class DatabaseError(ReadableError):
    """There is no database to work with; the text says what, where, and the way out."""


def port_file(home: Path) -> Path:
    """File that remembers the embedded server's port for its next start."""
    return home / "server.port"


def password_file(home: Path) -> Path:
    """File that holds the password of the embedded server's only role."""
    return home / "postgres.password"


def default_port(environ: Mapping[str, str] = os.environ) -> int:
    """The port of a home unless another is set; profiles.yml computes the same number.

    It is computed from the text of SIMRACE_HOME, so that two homes seldom have the same port.
    """
    digest = hashlib.md5(environ.get(HOME_VARIABLE, "").encode("utf-8", "surrogateescape"), usedforsecurity=False)
    return PORTS[int(digest.hexdigest()[:4], 16) % len(PORTS)]


def wanted_port() -> str:
    """The port for the embedded server: that of the environment, the last one, or the home's default.

    Raises:
        OSError: the file that remembers it cannot be read.
    """
    if named := os.environ.get(PORT_VARIABLE):
        return named
    file = port_file(home_directory())
    return file.read_text(encoding="ascii").strip() if file.exists() else str(default_port())


def embedded_settings() -> Settings | None:
    """Settings of the embedded server, running or not; None when it was never set up.

    Raises:
        DatabaseError: the files are there but cannot be used.
    """
    home = home_directory()
    try:
        password = password_file(home).read_text(encoding="ascii").strip()
        port = _running_port(home) or wanted_port()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DatabaseError(
            f"The embedded server's files in {home} cannot be read ({error.__class__.__name__}). "
            f"Run as the user that started it, or set {HOME_VARIABLE} to a folder of your own."
        ) from None
    settings = {**EMBEDDED, **DEFAULTS, "port": port, "password": password}
    _check_numbers(settings, f"{PORT_VARIABLE} or {port_file(home)}")
    return settings


def _running_port(home: Path) -> str | None:
    """The port that a running PostgreSQL has written to its pid file."""
    try:
        return (home / "postgres" / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()[3]
    except (FileNotFoundError, NotADirectoryError, IndexError):
        return None


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
    # libpq's defaults: the user of the machine, and a database of that name. dbt needs both.
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
        # A "#" in a password turns the rest of the URL into a fragment.
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
    rest = {name: value for name, value in settings.items() if name not in {"port", "user", "password", "dbname"}}
    host = rest.pop("host")
    if host.startswith("/"):  # the folder of a socket cannot take the place of a host name
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


def _machine_user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container may run as a number without a name
        return ""


def _check_numbers(settings: Settings, source: str) -> None:
    for name, highest in (("port", 65_535), ("connect_timeout", 86_400)):
        value = settings[name]
        if not (value.isascii() and value.isdigit() and int(value) <= highest):
            raise DatabaseError(f"The {name} in {source} is not a number up to {highest}. Put it right.")
