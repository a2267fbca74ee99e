"""A Python environment of its own for packages that exclude some of simrace's: an engine's, the scheduler's."""

import os
import subprocess
import sys
import venv
from pathlib import Path

from filelock import FileLock

from ingestion.errors import ReadableError


class PackagesError(ReadableError):
    """Packages could not be installed; the text has what pip said."""


def make_environment(folder: Path, pins: Path) -> Path:
    """Make the environment, unless it is there of these pins and this Python; at first it takes minutes and a network.

    Args:
        folder: Of the environment.
        pins: File of pip's, with hashes.

    Returns:
        Its Python.

    Raises:
        PackagesError: pip did not install it; the text has its last lines.
    """
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    made_of = folder / "made_of.lock"
    release = f"# Python {sys.version_info.major}.{sys.version_info.minor} of {sys.base_prefix}\n"
    wanted = release.encode() + pins.read_bytes()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if made_of.exists() and made_of.read_bytes() == wanted:
            return python
        venv.create(folder, clear=True, with_pip=True)
        # dbt-sail asks for all of pyspark, of which it uses the client: the pins are the whole of it
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        done = subprocess.run(
            [python, "-m", "pip", "install", *options, "--requirement", pins],
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
            raise PackagesError(f"The packages of {pins.name} could not be installed in {folder}:\n{said}")
        made_of.write_bytes(wanted)
    return python
