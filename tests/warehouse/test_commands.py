"""How the tests call commands: none outlives who called it."""

import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.commands import run_command
from tests.conftest import Warehouse


def _processes_in(folder: Path) -> list[str]:
    """Processes that run in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is somebody else's
            if (process / "cwd").readlink() == folder:
                found.append(process.name)
    return found


def test_a_command_that_takes_too_long_is_ended(warehouse: Warehouse, tmp_path: Path) -> None:
    """It waits for a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"postgresql://nobody:nothing@127.0.0.1:{server.getsockname()[1]}/nothing"
        with pytest.raises(subprocess.TimeoutExpired):
            run_command(
                ("simrace", "land", tmp_path), {**warehouse.environment, "SIMRACE_DATABASE_URL": url}, tmp_path, 3
            )
        server.settimeout(5)
        server.accept()[0].close()
        end = time.monotonic() + 5
        while _processes_in(tmp_path) and time.monotonic() < end:
            time.sleep(0.05)
        assert _processes_in(tmp_path) == []
