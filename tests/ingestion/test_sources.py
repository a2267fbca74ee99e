"""Files, folders, globs and archives give the files that are in them, each once, and nothing else."""

import gzip
import io
import os
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.reading import Reason
from ingestion.sources import Source, expand, open_sources


def read(paths: list[Path]) -> list[tuple[Source, bytes]]:
    return [(source, b"" if source.problem else source.local.read_bytes()) for source in open_sources(paths)]


def test_folders_are_searched_through_and_hidden_files_passed_over(tmp_path: Path) -> None:
    for name in ("a.csv", "deep/er/b.json", ".hidden.csv", ".git/config", "deep/.DS_Store"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [path.relative_to(tmp_path).as_posix() for path in expand([str(tmp_path)])] == ["a.csv", "deep/er/b.json"]


def test_globs_and_repeats_give_each_file_once(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c.json"):
        (tmp_path / name).write_text("x")
    found = expand([str(tmp_path / "*.csv"), str(tmp_path / "b.csv"), str(tmp_path)])
    assert [path.name for path in found] == ["a.csv", "b.csv", "c.json"]


def test_a_path_is_absolute_and_one_that_is_missing_is_kept_to_be_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [path] = expand(["missing.csv"])
    assert path == tmp_path / "missing.csv"
    [(source, _)] = read([path])
    assert source.problem
    assert source.problem.reason is Reason.UNREADABLE


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("x")
    file.chmod(0)
    [(source, _)] = read([file])
    assert source.problem
    assert source.problem.reason is Reason.UNREADABLE


def test_a_gzip_file_is_its_content_and_keeps_its_time(tmp_path: Path) -> None:
    file = tmp_path / "lap.csv.gz"
    with file.open("wb") as raw, gzip.GzipFile("lap.csv", "wb", fileobj=raw, mtime=1_700_000_000) as packed:
        packed.write(b"a,b\n")
    [(source, data)] = read([file])
    assert (source.file_name, data) == ("lap.csv", b"a,b\n")
    assert source.modified_at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_members_of_archives_are_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "season.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("round 1/race.json", (2026, 3, 4, 5, 6, 8)), b"{}")
        archive.writestr(zipfile.ZipInfo("__MACOSX/race.json"), b"junk")
        archive.writestr(zipfile.ZipInfo("../../evil.csv", (2026, 3, 4, 5, 6, 8)), b"evil")
    with tarfile.open(tmp_path / "laps.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("deep/lap.csv")
        member.size, member.mtime = 4, 1_700_000_000
        archive.addfile(member, io.BytesIO(b"a,b\n"))
        link = tarfile.TarInfo("link.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    found = read([tmp_path / "season.zip", tmp_path / "laps.tar.gz"])
    assert [(source.file_name, data) for source, data in found] == [
        ("race.json", b"{}"),
        ("evil.csv", b"evil"),
        ("lap.csv", b"a,b\n"),
    ]
    assert found[0][0].file_path == f"{tmp_path}/season.zip/round 1/race.json"
    assert found[0][0].modified_at == datetime(2026, 3, 4, 5, 6, 8, tzinfo=UTC)
    assert not (tmp_path.parent / "evil.csv").exists()
    assert not (tmp_path.parent.parent / "evil.csv").exists()


@pytest.mark.parametrize("name", ["cut.zip", "cut.csv.gz", "cut.tar.gz"])
def test_an_archive_that_ends_too_early_is_refused(tmp_path: Path, name: str) -> None:
    whole = tmp_path / "whole"
    data = os.urandom(50_000)
    if name.endswith(".zip"):
        with zipfile.ZipFile(whole, "w") as archive:
            archive.writestr("a.csv", data)
    elif name.endswith(".tar.gz"):
        with tarfile.open(whole, "w:gz") as tar:
            member = tarfile.TarInfo("a.csv")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    else:
        whole.write_bytes(gzip.compress(data))
    (tmp_path / name).write_bytes(whole.read_bytes()[:30_000])
    problems = [source.problem for source, _ in read([tmp_path / name]) if source.problem]
    assert [problem.reason for problem in problems] == [Reason.TRUNCATED_ARCHIVE]


def test_a_damaged_member_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    file = tmp_path / "season.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("good.csv", b"good")
        archive.writestr("bad.csv", b"the bytes of the bad one")
        archive.writestr("also good.csv", b"fine")
    file.write_bytes(file.read_bytes().replace(b"the bytes of the bad one", b"THE bytes of the bad one"))
    found = read([file])
    assert [(source.file_name, source.problem is None) for source, _ in found] == [
        ("good.csv", True),
        ("bad.csv", False),
        ("also good.csv", True),
    ]
    assert found[1][0].problem
    assert found[1][0].problem.reason is Reason.TRUNCATED_ARCHIVE


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.sources.MAX_MEMBER_BYTES", 1 << 20)
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"0" * (3 << 20)))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", b"0" * (3 << 20))
        archive.writestr("good.csv", b"good")
    found = read([tmp_path / "bomb.csv.gz", tmp_path / "bomb.zip"])
    assert [source.problem and source.problem.reason for source, _ in found] == [
        Reason.TOO_LARGE,
        Reason.TOO_LARGE,
        None,
    ]
