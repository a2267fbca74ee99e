"""The examples of schedulers are such as these take, and call commands that there are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from simrace.cli.app import app

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    def verify(folder: Path) -> str:
        units = sorted(str(unit) for unit in folder.iterdir())
        command = ["/usr/bin/env", "systemd-analyze", "verify", *units]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return "\n".join(line for line in done.stderr.splitlines() if "simrace" in line)

    assert verify(EXAMPLES / "systemd") == ""
    wrong = shutil.copytree(EXAMPLES / "systemd", tmp_path / "systemd")
    timer = wrong / "simrace.timer"
    timer.write_text(timer.read_text("utf-8").replace("*:0/15", "sometimes"), "utf-8")
    assert "simrace.timer" in verify(wrong)


@pytest.mark.parametrize("example", ["systemd/simrace.service", "simrace.crontab"])
def test_examples_call_commands_and_options_that_there_are(example: str) -> None:
    called = re.findall(r"^[^#\n]*\bsimrace ((?:[a-z-]+ ?)+)", (EXAMPLES / example).read_text("utf-8"), re.MULTILINE)
    assert called
    for words in called:
        name, *options = words.split()
        command = get_command(app).commands[name]  # type: ignore[attr-defined]
        known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        assert set(options) <= known
