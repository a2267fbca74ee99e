"""One version number, and a wheel that takes no other name than its own."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml
from typer.testing import CliRunner

from simrace import __version__
from simrace.cli.app import app

ROOT = Path(__file__).parents[2]


def test_the_version_is_said_once() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"simrace {__version__}\n"
    assert yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["version"] == __version__
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest and newest[1] == __version__


def test_the_wheel_claims_two_names(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (wheel,) = tmp_path.iterdir()
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert names == {"ingestion", "simrace", f"simrace-{__version__}.dist-info"}
