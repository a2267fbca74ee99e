"""Which database simrace works on, and connections to it.

The first that is set: SIMRACE_DATABASE_URL, then the PG* variables (where PGHOST is), then the embedded server.
"""

import hashlib
import os
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.database.server import say_on_stderr, start
from simrace.database.server_system import Notify
from simrace.database.settings import DatabaseError, Settings, build_url, configured_settings, dbt_variables

__all__ = ["ConnectionParameters", "DatabaseError", "connection_parameters"]

OLDEST_VERSION = 160_000  # as PostgreSQL numbers itself: 16.0


@dataclass(frozen=True)
class ConnectionParameters:
    """How to reach the database; its text form leaves the password out."""

    settings: Settings = field(repr=False)
    is_embedded: bool = False

    def __str__(self) -> str:
        """Where it is, for people: user, host, port and database."""
        settings = self.settings
        return f"{settings['dbname']} at {settings['host']}:{settings['port']} as {settings['user']}"

    @property
    def url(self) -> str:
        """All settings as a postgresql:// URL, password included."""
        return build_url(self.settings)

    @property
    def name(self) -> str:
        """Tells this database from others of the same home; the embedded server's port is not in it."""
        if self.is_embedded:
            return "embedded"
        settings = self.settings
        place = f"{settings['host']}:{settings['port']}/{settings['dbname']}"
        return hashlib.sha256(place.encode()).hexdigest()[:12]

    def environment(self) -> dict[str, str]:
        """Environment variables that profiles.yml reads, to run dbt with."""
        return dbt_variables(self.settings)

    def connect(self, **keywords: Any) -> Connection:
        """Open a connection.

        Args:
            keywords: Further arguments of psycopg2.connect; they replace what is set here.

        Raises:
            DatabaseError: the database cannot be reached, or is older than PostgreSQL 16.
        """
        try:
            connection: Connection = psycopg2.connect(**{"application_name": "simrace", **self.settings, **keywords})
        except psycopg2.OperationalError as error:
            raise DatabaseError(
                f"No connection to {self}: {str(error).strip()}\n"
                "Check that the server runs and lets this user in (`simrace db status`)."
            ) from error
        try:
            require_supported(connection.server_version)
        except DatabaseError:
            connection.close()
            raise
        return connection


def connection_parameters(notify: Notify = say_on_stderr) -> ConnectionParameters:
    """Decide on the database; the embedded server is started if it is the one.

    Args:
        notify: Called with each message to the user.

    Raises:
        DatabaseError: the settings cannot be understood, or the embedded server does not start.
    """
    if settings := configured_settings(os.environ):
        return ConnectionParameters(settings)
    return ConnectionParameters(start(notify).settings, is_embedded=True)


def require_supported(server_version: int) -> None:
    """Refuse a server that is too old.

    Args:
        server_version: As PostgreSQL numbers itself, 160004 for 16.4.

    Raises:
        DatabaseError: it is older than PostgreSQL 16.
    """
    if server_version < OLDEST_VERSION:
        raise DatabaseError(
            f"The database server is PostgreSQL {server_version // 10_000}.{server_version % 10_000}; simrace needs "
            "16 or later. Name a newer one in SIMRACE_DATABASE_URL; without it and PGHOST, the embedded server is used."
        )
