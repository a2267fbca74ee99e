"""Lint the SQL of models, tests, analyses and dashboard pages: part of `make lint`.

dbt's templater compiles what it lints, and some models ask the database. So this starts a server of its own, empty.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from tests.commands import BIN
from tests.conftest import ROOT, own_server

# Queries of pages name their parameters as psycopg2 does. sqlfluff takes such a name for a column.
PLACEHOLDERS = """\
[sqlfluff]
templater = placeholder
exclude_rules = references.qualification, references.keywords, structure.column_order

[sqlfluff:templater:placeholder]
param_style = pyformat
"""


def few_channels() -> str:
    """Settings of sqlfluff: one channel of each kind and those that contracts name, in place of the var.

    The models of samples repeat their lines for each channel, and linting the repeats takes 45 s of a processor.
    """
    channels = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["telemetry_channels"]
    contracts = (ROOT / "models" / "marts" / "telemetry" / "laps" / "_laps__models.yml").read_text(encoding="utf-8")
    of_each_kind = {
        (kind["type"] == "boolean", *sorted(kind.keys() - {"type"})): name for name, kind in channels.items()
    }
    lines = []
    for name in sorted({*re.findall(r"telemetry_channels'\)\.(\w+)", contracts), *of_each_kind.values()}):
        kind, section = channels[name], f"sqlfluff:templater:dbt:context:telemetry_channels:{name}"
        lines += [f"[{section}]", *(f"{key} = {value}" for key, value in kind.items() if key != "no_value")]
        # a list cannot be written there; of a section the macro takes the keys, which are the same numbers
        lines += [f"[{section}:no_value]", *(f"{number} = none" for number in kind.get("no_value", []))]
    return "\n".join(lines)


def main() -> int:
    """Lint everything; the exit status."""
    # Not a folder of one user: as root the server runs as another.
    folder = Path(tempfile.mkdtemp(prefix="simrace-lint-"))
    folder.chmod(0o711)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SIMRACE_", "PG", "DBT_"))}
    environment = kept | own_server(folder)
    # A folder of its own: with other vars dbt reads the project anew, and so would whoever comes next.
    environment |= {"SIMRACE_HOME": str(folder / "home"), "DBT_TARGET_PATH": str(folder / "target")}
    environment |= {"DBT_LOG_PATH": str(folder / "logs")}
    lint = [BIN / "sqlfluff", "lint", "--disable-progress-bar", "--processes", "0", "--config"]
    (folder / "few_channels.cfg").write_text(few_channels(), encoding="utf-8")
    (folder / "placeholders.cfg").write_text(PLACEHOLDERS, encoding="utf-8")
    commands: list[list[Path | str]] = [
        [*lint, folder / "placeholders.cfg", "simrace/dashboard/queries"],
        [*lint, folder / "few_channels.cfg", "models", "analyses", *sorted((ROOT / "tests" / "data").glob("*.sql"))],
    ]
    try:
        subprocess.run([BIN / "simrace", "db", "start"], cwd=ROOT, env=environment, check=True, capture_output=True)
        return max(subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode for command in commands)
    finally:
        subprocess.run([BIN / "simrace", "db", "stop"], cwd=ROOT, env=environment, check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
