"""The product reads what is published for it; the layers below are dbt's own."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_layer_below_the_marts_is_read() -> None:
    """Nor is one named, but where the roles say whose it is."""
    named = [
        f"{file.relative_to(ROOT)}: {found}"
        for folder in ("simrace", "ingestion")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".sql") and file.name != "roles.py"
        for found in re.findall(
            r"\b(?:staging|intermediate)\.\w+|[\"'](?:staging|intermediate)[\"']", file.read_text("utf-8")
        )
    ]
    assert not named
