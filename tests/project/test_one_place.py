"""Facts that are written in two places agree."""

import re
from pathlib import Path

import yaml

from ingestion.reading import Reason

ROOT = Path(__file__).parents[2]


def test_every_reason_to_refuse_a_file_is_known_to_dbt_and_explained() -> None:
    """What was forgotten is refused and not written down; it is explained where forgetting is."""
    document = yaml.safe_load((ROOT / "models/staging/files/_files__sources.yml").read_text("utf-8"))
    [raw] = document["sources"]
    [rejected] = [table for table in raw["tables"] if table["name"] == "rejected_files"]
    [reason] = [column for column in rejected["columns"] if column["name"] == "reason"]
    [test] = reason["data_tests"]
    assert test["accepted_values"]["arguments"]["values"] == [each for each in Reason if each is not Reason.FORGOTTEN]
    explained = "".join(file.read_text("utf-8") for file in (ROOT / "docs").glob("*.md"))
    assert not [each for each in Reason if f"`{each}`" not in explained and each is not Reason.FORGOTTEN]
    assert "forgotten" in explained


def test_an_error_that_people_can_put_right_is_a_readable_one() -> None:
    """The others are caught where they are raised."""
    named = {
        name: base
        for folder in ("ingestion", "simrace")
        for file in (ROOT / folder).rglob("*.py")
        for name, base in re.findall(r"^class (\w+Error)\((\w+)\)", file.read_text("utf-8"), re.MULTILINE)
    }
    caught = {name for name, base in named.items() if base == "Exception"}
    assert caught == {"RefusedError", "ChangedWhileReadError", "FrameError"}
    assert {base for name, base in named.items() if name not in caught} <= {"ReadableError", "RuntimeError", *named}
    assert [name for name, base in named.items() if base == "RuntimeError"] == ["ReadableError"]
