"""Every pinned package has a wheel for Windows, of which pip would need no compiler."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT


def _pins(version: str) -> list[str]:
    """What the lock names for Windows; pip itself would ask what this machine is."""
    windows = {
        "sys_platform": "win32",
        "platform_system": "Windows",
        "os_name": "nt",
        "platform_machine": "AMD64",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "python_version": version,
        "python_full_version": f"{version}.0",
    }
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = []
    for line in re.findall(r"^[A-Za-z].*==.*", lock, re.MULTILINE):
        named = Requirement(line.rstrip(" \\"))
        if named.marker is None or named.marker.evaluate(windows):
            pins.append(f"{named.name}{named.specifier}")
    return pins


def test_packages_of_windows_alone_are_looked_for() -> None:
    assert any(pin.startswith("pywin32==") for pin in _pins("3.12"))
    assert not any(pin.startswith("uvloop") for pin in _pins("3.12"))


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_pin_has_a_wheel_for_windows(version: str, tmp_path: Path) -> None:
    (tmp_path / "pins.txt").write_text("\n".join(_pins(version)))
    target = ["--platform", "win_amd64", "--python-version", version, "--only-binary", ":all:", "--target", tmp_path]
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--disable-pip-version-check", *target]
    done = subprocess.run(
        [*command, "--requirement", tmp_path / "pins.txt"], capture_output=True, text=True, timeout=900, check=False
    )
    if "ConnectionError" in done.stderr or "Failed to establish a new connection" in done.stderr:
        pytest.skip("no registry within reach")
    assert done.returncode == 0, done.stderr[-2000:]
