"""Files damaged at random are read or refused, never anything else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bad_input.corpus import LANDS
from tests.bad_input.fuzz import fuzz
from tests.bad_input.small import Small
from tests.conftest import ROOT

FEW, MANY = 500, 20_000
PEAK_MB = 500  # including what hypothesis remembers of its examples


def test_a_few_damaged_files(small: Small, tmp_path: Path) -> None:
    verdicts = fuzz(tmp_path, list(small.texts().values()), FEW, derandomize=True)
    assert sum(verdicts.values()) >= FEW
    assert verdicts[LANDS] > FEW / 20
    assert len(verdicts) >= 6


@pytest.mark.slow
@pytest.mark.parametrize("module", ["fuzz", "fuzz_logs"])
def test_many_damaged_files_in_bounded_memory(module: str) -> None:
    command = [sys.executable, "-m", f"tests.bad_input.{module}", str(MANY)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    found = json.loads(done.stdout)
    assert sum(found["verdicts"].values()) >= MANY
    assert found["peak_mb"] < PEAK_MB
