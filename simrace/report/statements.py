"""Queries on marts that reports and pages of the dashboard both ask: files, so that each is written once."""

from functools import cache
from pathlib import Path

QUERIES = Path(__file__).parent / "queries"


@cache
def statement(name: str, folder: Path = QUERIES) -> str:
    """Text of a query.

    Args:
        name: Folder and name of the file, such as `race/results`.
        folder: Where the queries are.
    """
    return (folder / f"{name}.sql").read_text(encoding="utf-8")
