"""How long ago the newest content was landed, judged as `dbt source freshness` judges it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

SOURCE = "raw.files"


@dataclass(frozen=True)
class Freshness:
    """One source.

    Attributes:
        source: Schema and table.
        newest_at: When its newest row was loaded; None without rows.
        age_s: Seconds since then; None without rows.
        warn_after_days: Age from which it is a warning.
        error_after_days: Age from which it is an error.
        status: pass, warn or error; error without rows.
    """

    source: str
    newest_at: datetime | None
    age_s: float | None
    warn_after_days: float
    error_after_days: float
    status: str


def read_freshness(connection: Connection, project: Path) -> Freshness:
    """Ask the source how old its newest row is, by the table, the column and the vars that dbt goes by.

    Args:
        connection: To a database in which something was landed.
        project: Folder of dbt_project.yml, which holds the thresholds.
    """
    document: dict[str, Any] = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    warn_days, error_days = (document["vars"][f"freshness_{name}_days"] for name in ("warn", "error"))
    with connection, connection.cursor() as cursor:
        cursor.execute(f"select max(landed_at), clock_timestamp() from {SOURCE}")
        newest_at, now = cursor.fetchone() or (None, datetime.now(UTC))
    age = now - newest_at if newest_at else timedelta.max
    is_old = {"error": age > timedelta(days=error_days), "warn": age > timedelta(days=warn_days)}
    return Freshness(
        SOURCE,
        newest_at,
        age.total_seconds() if newest_at else None,
        warn_days,
        error_days,
        next((status for status, is_so in is_old.items() if is_so), "pass"),
    )
