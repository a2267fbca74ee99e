"""Lint the SQL of models, tests, analyses and dashboard pages: part of `make lint`.

dbt's templater compiles what it lints, and some models ask the database. So this starts a server of its own, empty.

sqlfluff takes a second a file, so a file that passed is not linted again: `linted_sql.txt` keeps a hash of all that it
was judged by, which is its text, what dbt made of that, sqlfluff's settings and its version. A file whose hash is
not there is linted, so a line too few costs time, and no edit can be missed. `--all` believes no line.
"""

import hashlib
import importlib.metadata
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import yaml
from sqlfluff.core import FluffConfig, Linter
from sqlfluff.core.config import progress_bar_configuration
from sqlfluff.core.errors import SQLFluffSkipFile
from sqlfluff.core.linter import RenderedFile

from tests.commands import BIN
from tests.conftest import ROOT, own_server
from tests.spared import spare

LINTED = Path(__file__).parent / "linted_sql.txt"
# dbt's name of a run, which a model may write into its rows: another each time.
INVOCATION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

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


class Remembering(Linter):
    """Skips what is known to pass.

    Attributes:
        known: Lines of files that passed.
        lines: The line of each file as it is now.
    """

    def __init__(self, config: FluffConfig, known: set[str]) -> None:
        super().__init__(config)
        self.templater.templates_in_worker = False  # what is known is known here
        self.known = known
        self.lines: dict[str, str] = {}

    def render_file(self, fname: str, root_config: FluffConfig) -> RenderedFile:
        rendered = super().render_file(fname, root_config)
        self.lines[fname] = f"{fname} {judged_by(rendered)}"
        if self.lines[fname] in self.known:
            raise SQLFluffSkipFile
        return rendered


def judged_by(rendered: RenderedFile) -> str | None:
    """A hash of all that sqlfluff's verdict on a file depends on; None where the file could not be rendered."""
    if rendered.templater_violations or not rendered.templated_variants:
        return None
    texts = [
        (each.source_str, each.templated_str, each.sliced_file, each.raw_sliced) for each in rendered.templated_variants
    ]
    versions = [importlib.metadata.version(package) for package in ("sqlfluff", "sqlfluffrs")]
    settings = {name: part for name, part in rendered.config._configs.items() if name != "templater"}
    core = {name: value for name, value in settings.pop("core").items() if not name.endswith("_obj")}
    judged = INVOCATION_ID.sub("", repr((texts, versions, core, settings)))
    return hashlib.sha256(judged.encode()).hexdigest()[:20]


def lint(
    config: FluffConfig, paths: Iterable[str | Path], known: set[str], processes: int
) -> tuple[list[str], list[str]]:
    """Lint what is not known to pass.

    Args:
        config: Settings of sqlfluff.
        paths: Files and folders.
        known: Lines of files that passed.
        processes: How many lint; 0 for one a processor.

    Returns:
        The lines of files that pass, and what is wrong with the others.
    """
    linter = Remembering(config, known)
    records = linter.lint_paths(tuple(map(str, paths)), processes=processes).as_records()
    wrong = {
        record["filepath"]: [
            "{filepath}:{start_line_no}:{start_line_pos}: {code} {description}".format(**{**each, **record})
            for each in record["violations"]
        ]
        for record in records
    }
    due = [path for path, line in linter.lines.items() if line not in known]
    for path in due:
        if path not in wrong or (linter.lines[path].endswith("None") and not wrong[path]):
            wrong[path] = [f"{path}: it could not be linted"]
    print(f"{len(due)} of {len(linter.lines)} files linted, the others had passed")
    return (
        [line for path, line in linter.lines.items() if not wrong.get(path)],
        [said for every in wrong.values() for said in every],
    )


def main() -> int:
    """Lint everything, and keep what passed; the exit status."""
    # Not a folder of one user: as root the server runs as another.
    folder = Path(tempfile.mkdtemp(prefix="simrace-lint-"))
    folder.chmod(0o711)
    for name in [name for name in os.environ if name.startswith(("SIMRACE_", "PG", "DBT_"))]:
        del os.environ[name]
    os.environ.update(own_server(folder))
    # A folder of its own: with other vars dbt reads the project anew, and so would whoever comes next.
    os.environ |= {"SIMRACE_HOME": str(folder / "home"), "DBT_TARGET_PATH": str(folder / "target")}
    os.environ |= {"DBT_LOG_PATH": str(folder / "logs")}
    os.chdir(ROOT)
    progress_bar_configuration.disable_progress_bar = True
    spare()
    logging.getLogger("sqlfluff.linter").addFilter(lambda record: bool(record.getMessage()))  # of what is skipped
    (folder / "few_channels.cfg").write_text(few_channels(), encoding="utf-8")
    (folder / "placeholders.cfg").write_text(PLACEHOLDERS, encoding="utf-8")
    known = set() if "--all" in sys.argv else set(LINTED.read_text(encoding="utf-8").splitlines())
    # Each process that helps imports dbt first, which is dearer than the few files that are due after an edit.
    processes = 1 if known else 0
    passed, wrong = [], []
    try:
        subprocess.run([BIN / "simrace", "db", "start"], check=True, capture_output=True)
        for config, folders in (
            ("placeholders.cfg", ["simrace/dashboard/queries", "simrace/report/queries"]),
            ("few_channels.cfg", ["models", "analyses", *sorted(Path("tests/data").glob("*.sql"))]),
        ):
            each = lint(FluffConfig.from_root(extra_config_path=str(folder / config)), folders, known, processes)
            passed += each[0]
            wrong += each[1]
    finally:
        subprocess.run([BIN / "simrace", "db", "stop"], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
    LINTED.write_text("".join(f"{line}\n" for line in sorted(passed)), encoding="utf-8")
    print("\n".join(wrong) or "All SQL passes")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
