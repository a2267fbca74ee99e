"""One connection of dbt's for each of its threads, instead of one for each node."""

from dbt.adapters.postgres.connections import PostgresConnectionManager
from dbt.adapters.postgres.impl import PostgresAdapter


class KeptConnections(PostgresConnectionManager):
    """Connections that stay open from node to node; dbt closes them all when it ends.

    A session of PostgreSQL that is new reads the catalog before it can plan, which took a third of the server's time
    for a small file. dbt-snowflake has `reuse_connections` for this, dbt-postgres has not.
    """

    def release(self) -> None:
        """End the transaction that a node left open, and keep its connection; close one that is broken."""
        connection = self.get_if_exists()
        try:
            if connection and connection.state == "open":
                connection.handle.rollback()
                connection.transaction_open = False
                # the other thread may be at work for long
                with connection.handle, connection.handle.cursor() as cursor:
                    cursor.execute("set idle_session_timeout = 0")
        except Exception:
            super().release()


def keep_connections() -> None:
    """Let every dbt of this process keep its connections."""
    PostgresAdapter.ConnectionManager = KeptConnections
