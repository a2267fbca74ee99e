"""Every bad file gets the right verdict in bounded memory, and the files beside it land."""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion import archives, sources
from ingestion.reading import Reason
from tests.bad_input.corpus import EITHER, LANDS, Bad, corpus, tar_header_bomb, write, write_disk_troubles
from tests.bad_input.small import Small
from tests.conftest import ROOT

PEAK_MB = 300


def read(folder: Path, timeout_s: int = 300) -> dict[str, Any]:
    """Read a folder in a process of its own, so that its peak of memory is its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bad_input.reader", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def expected(written: list[Bad], folder: Path) -> dict[str, list[str]]:
    """The expected end of each source by its path; the number of members of a damaged archive is unknown."""
    verdicts: dict[str, list[str]] = {}
    for bad in written:
        path = str(folder / bad.path)
        for name, becomes in bad.members or (("", bad.becomes),):
            verdicts.setdefault(f"{path}/{name}" if name else path, []).append(becomes)
    return verdicts


@pytest.mark.skipif(sys.platform == "win32", reason="its disks take neither the names nor the links and pipes")
def test_every_bad_file_has_its_verdict_and_memory_is_bounded(small: Small, tmp_path: Path) -> None:
    written = write(corpus(small), tmp_path)
    due = expected(written, tmp_path)
    due |= {str(path): [becomes] for path, becomes in write_disk_troubles(tmp_path / "disk").items()}
    found = read(tmp_path)
    verdicts: dict[str, list[str]] = {}
    for path, verdict in found["verdicts"]:
        verdicts.setdefault(path, []).append(verdict)
    wrong = {
        path: (becomes, verdicts.get(path))
        for path, becomes in due.items()
        if EITHER not in becomes and sorted(verdicts.get(path, [])) != sorted(map(str, becomes))
    }
    assert not wrong
    ended_nowhere = [path for path in due if not any(seen == path or seen.startswith(path + "/") for seen in verdicts)]
    assert not ended_nowhere
    assert found["peak_mb"] < PEAK_MB
    counts = Counter(verdict for seen in verdicts.values() for verdict in seen)
    assert counts[LANDS] > 300
    assert set(counts) == {LANDS, *(set(Reason) - {Reason.FORGOTTEN})}


def test_an_archive_that_holds_a_bomb_ends_soon_and_nothing_is_left(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gigabyte of zeros in a megabyte, and a tar whose header alone would fill the memory."""
    monkeypatch.setattr(archives, "ALWAYS_UNPACKED_BYTES", 8 << 20)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "unpacked"))
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(bytes(64 << 20), mtime=0))
    (tmp_path / "header.tar.gz").write_bytes(tar_header_bomb(256 << 20))
    largest = 0
    reasons = []
    for source in sources.open_sources([tmp_path / "bomb.csv.gz", tmp_path / "header.tar.gz"]):
        reasons.append(str(source.problem.reason) if source.problem else LANDS)
        largest = max(
            [largest, *(path.stat().st_size for path in (tmp_path / "unpacked").rglob("*") if path.is_file())]
        )
    assert reasons == ["too_large", "too_large"]
    assert largest <= 8 << 20
    assert list((tmp_path / "unpacked").iterdir()) == []


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="simrace-input-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="rights of the other kind")
def test_what_may_not_be_read_is_refused_and_the_rest_is_not(small: Small, open_folder: Path) -> None:
    """As an ordinary user: root may read everything, so its rights are dropped in the process that reads.

    It reads the good file before as well, because that user may not be able to read Python's modules in root's home.
    """
    good, closed, shut = open_folder / "good.csv", open_folder / "closed.csv", open_folder / "shut"
    good.write_text(small.texts()["garage61.csv"])
    closed.write_text("x")
    shut.mkdir()
    (shut / "inside.csv").write_text("x")
    closed.chmod(0)
    shut.chmod(0)
    script = (
        "import os, sys; from pathlib import Path;"
        "from ingestion.paths import expand; from ingestion.sources import open_sources;"
        "from tests.bad_input.reader import verdict;"
        "read = lambda: [(s.file_name, verdict(s)) for s in open_sources(expand([sys.argv[1]]))];"
        "read(); os.geteuid() or os.setuid(65534); os.chdir('/');"
        "print(read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(open_folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    shut.chmod(0o755)
    assert "('good.csv', 'lands')" in done.stdout, done.stderr
    assert "('closed.csv', 'unreadable')" in done.stdout
    assert "('shut', 'unreadable')" in done.stdout
