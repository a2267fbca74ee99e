"""A full disk is reported as such and damages nothing, and the next run with room goes on."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Warehouse
from tests.reliability.conftest import assert_bytes, assert_whole, make_warehouse

MEGABYTE = 1 << 20
SMALL = 1
ROOMY = 400


class Disk:
    """A disk of its own, as small as it is asked to be."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir(mode=0o755)
        mount = ["/bin/mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "simrace", folder]
        try:
            subprocess.run(mount, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no disk of its own can be mounted here (it takes Linux and root): {error}")

    def resize(self, megabytes: int) -> None:
        subprocess.run(["/bin/mount", "-o", f"remount,size={megabytes}m", self.folder], check=True)

    def leave(self, free: int) -> None:
        """Fill it up to so many bytes."""
        self.empty()
        with (self.folder / "ballast").open("wb") as ballast:
            rest = shutil.disk_usage(self.folder).free - free
            while rest > 0:
                rest -= ballast.write(b"\0" * min(rest, MEGABYTE))

    def empty(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)


@pytest.fixture
def disk(harm_folder: Path) -> Iterator[Callable[[int], Disk]]:
    folder = harm_folder / "disk"

    yield lambda megabytes: Disk(folder, megabytes)
    if sys.platform == "linux":
        subprocess.run(["/bin/umount", folder], check=False, capture_output=True)
    folder.rmdir()


def test_a_full_working_folder_is_told_and_the_next_run_goes_on(
    server: Warehouse, files: Path, disk: Callable[[int], Disk]
) -> None:
    small = disk(SMALL)
    other = server.other("small_home")
    other.environment["SIMRACE_HOME"] = str(small.folder)
    for _ in range(2):
        done = other.run("simrace", "land", files, check=False)
        assert done.returncode == 1
        assert f"The disk that holds {small.folder}" in done.stderr
        assert "Make room there, then run the same again" in done.stderr
        assert "Traceback" not in done.stderr
        # Unfinished work does not fill the disk further
        assert len(list(small.folder.glob("dlt/*/normalize/*/*"))) <= 1
    small.resize(ROOMY)
    done = other.run("simrace", "land", files)
    landed = len([file for file in files.rglob("*") if file.is_file()])
    assert other.query("select count(*) from raw.files") != [(0,)]
    assert other.query("select count(*) from raw.file_sightings") == [(landed,)]
    other.run("dbt", "run", "--select", "+landed_files", "+landed_blocks")
    assert_bytes(other)


@pytest.mark.slow
def test_a_full_disk_of_the_database_damages_nothing(
    unharmed: Warehouse, files: Path, harm_folder: Path, disk: Callable[[int], Disk]
) -> None:
    """Full in landing, in the write-ahead log, in tables, and for a server that is to start."""
    small = disk(ROOMY)
    warehouse = make_warehouse(harm_folder / "on_disk", home=small.folder / "home")
    away = Warehouse(warehouse.folder, {**warehouse.environment, "SIMRACE_HOME": str(warehouse.folder / "away")})
    try:
        warehouse.run("simrace", "db", "start")
        away.environment["SIMRACE_DATABASE_URL"] = warehouse.url
        failures = []
        for free in (1, 6, 14, 24, 40):
            warehouse.run("simrace", "db", "start")
            small.leave(free * MEGABYTE)
            done = away.run("simrace", "run", files, check=False)
            assert "Traceback" not in done.stderr, done.stderr
            if done.returncode:
                failures.append(free)
                assert "is full" in done.stderr or "simrace db status" in done.stderr, done.stderr
            if free == 1:
                warehouse.run("simrace", "db", "stop", check=False)
                small.leave(0)
                refused = warehouse.run("simrace", "db", "start", check=False)
                assert refused.returncode == 1
                assert "is full" in refused.stderr or "MB left" in refused.stderr
            small.empty()
        assert len(failures) >= 3
        warehouse.run("simrace", "db", "start")
        away.run("simrace", "run", files)
        assert_whole(away, unharmed.checksums())
    finally:
        warehouse.run("simrace", "db", "stop", check=False)
        shutil.rmtree(small.folder / "home", ignore_errors=True)
