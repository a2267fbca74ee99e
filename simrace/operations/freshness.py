"""How long ago the newest content was landed, judged as `dbt source freshness` judges it."""

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.raw_tables import relation_exists


@dataclass(frozen=True)
class Freshness:
    """One source.

    Attributes:
        source: Schema and table.
        status: pass, warn or error; error without rows.
        warn_after_days: Age from which it is a warning.
        error_after_days: Age from which it is an error.
        age_s: Seconds since its newest row was landed; None without rows.
        newest_at: When that was; None without rows.
    """

    source: str
    status: str
    warn_after_days: float
    error_after_days: float
    age_s: float | None
    newest_at: datetime | None


def read_freshness(connection: Connection) -> Freshness | None:
    """How old the newest row of the source is; None before the first build.

    Args:
        connection: To the warehouse.
    """
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, "marts.source_freshness"):
            return None
        cursor.execute(
            "select source_name, status, warn_after_days, error_after_days, age_s, newest_at "
            "from marts.source_freshness"
        )
        row = cursor.fetchone()
    return Freshness(*row) if row else None
