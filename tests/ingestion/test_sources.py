"""Files, folders, globs and archives give the files that are in them, each once, and nothing else."""

import gzip
import io
import os
import random
import shutil
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.paths import expand
from ingestion.reading import Reason
from ingestion.sources import Source, open_sources


def read(paths: list[Path]) -> list[tuple[Source, bytes]]:
    return [(source, b"" if source.problem else source.local.read_bytes()) for source in open_sources(paths)]


def tar(path: Path, *members: tuple[str, bytes], mtime: int = 1_700_000_000) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), mtime
            archive.addfile(member, io.BytesIO(data))


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


def test_a_glob_finds_folders_too_and_one_that_finds_nothing_is_kept_to_be_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "season [2026]"
    for name in ("round 1/a.csv", "round 2/deep/b.csv", "other/c.csv", "d[1].csv", ".e.csv"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text("x")
    monkeypatch.chdir(here)
    assert expand(["round*"]) == [here / "round 1/a.csv", here / "round 2/deep/b.csv"]
    assert expand(["**/*.csv"]) == [
        here / name for name in ("d[1].csv", "other/c.csv", "round 1/a.csv", "round 2/deep/b.csv")
    ]
    assert expand(["d[1].csv"]) == [here / "d[1].csv"]
    assert expand([str(here)])[0] == here / "d[1].csv"
    assert expand(["*.ibt"]) == [here / "*.ibt"]


def test_a_file_that_is_named_is_taken_though_it_is_hidden(tmp_path: Path) -> None:
    (tmp_path / ".hidden.csv").write_text("x")
    assert expand([str(tmp_path / ".hidden.csv")]) == [tmp_path / ".hidden.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_folder_does_not_give_what_its_links_lead_to_outside_of_it(tmp_path: Path) -> None:
    folder, away = tmp_path / "telemetry", tmp_path / "away"
    for made in (folder / "deep", away):
        made.mkdir(parents=True)
        (made / "lap.csv").write_text("x")
    (folder / "again.csv").symlink_to(folder / "deep" / "lap.csv")
    (folder / "deep" / "up.csv").symlink_to(Path("../../away/lap.csv"))
    (folder / "gone.csv").symlink_to(away / "gone.csv")
    (folder / "circle.csv").symlink_to(folder / "circle.csv")
    (folder / "folder").symlink_to(away)
    assert [path.name for path in expand([str(folder)])] == ["again.csv", "circle.csv", "lap.csv"]
    assert expand([str(folder / "deep" / "up.csv")]) == [folder / "deep" / "up.csv"], "it is named"
    (tmp_path / "link").symlink_to(folder)
    assert len(expand([str(tmp_path / "link")])) == 3


def test_an_empty_folder_holds_no_file(tmp_path: Path) -> None:
    assert expand([str(tmp_path)]) == []


def test_a_path_is_absolute_and_one_that_is_missing_is_kept_to_be_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [path] = expand(["missing.csv"])
    assert path == tmp_path / "missing.csv"
    [(source, _)] = read([path])
    assert source.problem
    assert source.problem.reason is Reason.UNREADABLE


@pytest.fixture
def ordinary_folder() -> Iterator[Path]:
    """A folder of an ordinary user, as whom the test continues, because root may read everything."""
    if sys.platform == "win32":
        pytest.skip("about the permissions of Unix")
    folder = Path(tempfile.mkdtemp(prefix="simrace-test-"))
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(folder, 65_534, 65_534)
        os.seteuid(65_534)
    try:
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o700)
        shutil.rmtree(folder)


def test_what_may_not_be_read_is_refused_and_its_neighbours_are_not(ordinary_folder: Path) -> None:
    for name in ("closed/a.csv", "secret.csv", "z.csv"):
        (ordinary_folder / name).parent.mkdir(exist_ok=True)
        (ordinary_folder / name).write_text("x")
    (ordinary_folder / "secret.csv").chmod(0)
    (ordinary_folder / "closed").chmod(0)
    files = expand([str(ordinary_folder), str(ordinary_folder / "closed" / "a.csv"), "/" + "x" * 300])
    assert [path.name for path in files] == ["secret.csv", "z.csv", "closed", "a.csv", "x" * 300]
    reasons = [source.problem and source.problem.reason for source, _ in read(files)]
    assert reasons == [Reason.UNREADABLE, None, *[Reason.UNREADABLE] * 3]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "z.csv").write_text("x")
    (tmp_path / "broken link.csv").symlink_to(tmp_path / "nowhere")
    reasons = [source.problem and source.problem.reason for source, _ in read(expand([str(tmp_path)]))]
    assert reasons == [Reason.UNREADABLE, Reason.UNREADABLE, None]


def test_a_file_keeps_its_time(tmp_path: Path) -> None:
    file = tmp_path / "lap.csv"
    file.write_text("x")
    os.utime(file, (1_700_000_000.7, 1_700_000_000.7))
    [(source, _)] = read([file])
    assert source.modified_at == datetime.fromtimestamp(1_700_000_000, UTC)


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
        ("link.csv", b""),
    ]
    assert found[3][0].problem is not None
    assert found[3][0].problem.reason is Reason.UNREADABLE
    assert found[0][0].file_path == f"{tmp_path}/season.zip/round 1/race.json"
    assert found[0][0].modified_at == datetime(2026, 3, 4, 5, 6, 8, tzinfo=UTC)
    assert not (tmp_path.parent / "evil.csv").exists()
    assert not (tmp_path.parent.parent / "evil.csv").exists()


def test_hidden_members_and_folders_are_no_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "season.zip", "w") as archive:
        archive.mkdir("laps")
        archive.writestr("laps/.DS_Store", b"junk")
        archive.writestr(".git/config", b"junk")
        archive.writestr("./laps/a.csv", b"a")
    tar(tmp_path / "laps.tgz", ("./b.csv", b"b"), ("./.cache/c.csv", b"junk"), ("/etc/evil.csv", b"evil"))
    assert [data for _, data in read(expand([str(tmp_path)]))] == [b"b", b"evil", b"a"]
    assert not Path("/etc/evil.csv").exists()


def test_an_archive_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(gzip.compress(b"gzip"))
    with zipfile.ZipFile(tmp_path / "b.json", "w") as archive:
        archive.writestr("inner.csv", b"zip")
    tar(tmp_path / "c.txt", ("inner.csv", b"tar"))
    (tmp_path / "d.zip").write_bytes(b"text")
    assert [data for _, data in read(expand([str(tmp_path)]))] == [b"gzip", b"zip", b"tar", b"text"]


def test_a_time_that_no_calendar_has_does_not_stop_an_archive(tmp_path: Path) -> None:
    file = tmp_path / "season.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.csv", (1980, 0, 0, 0, 0, 0)), b"a")
        archive.writestr(zipfile.ZipInfo("b.csv", (2026, 3, 4, 5, 6, 8)), b"b")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    tar(tmp_path / "laps.tgz", ("c.csv", b"c"), mtime=10**17)
    found = read([file, tmp_path / "laps.tgz"])
    assert [data for _, data in found] == [b"a", b"b", b"c"]
    assert [source.modified_at for source, _ in found] == [
        datetime.fromtimestamp(1_700_000_000, UTC),
        datetime(2026, 3, 4, 5, 6, 8, tzinfo=UTC),
        datetime.fromtimestamp(0, UTC),
    ]


def test_a_member_with_a_password_is_refused_and_nothing_of_its_neighbour_is_taken_for_it(tmp_path: Path) -> None:
    file = tmp_path / "season.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", b"the neighbour")
        archive.writestr("b.csv", b"secret")
        archive.writestr("c.csv", b"c")
    data = bytearray(file.read_bytes())
    for magic, flags, name in ((b"PK\3\4", 6, 30), (b"PK\1\2", 8, 46)):
        at = data.index(
            magic, data.rindex(b"b.csv", 0, data.rindex(b"c.csv") if name == 46 else data.index(b"c.csv")) - name
        )
        data[at + flags] |= 1
    file.write_bytes(data)
    left = [(source.file_name, source.problem, source.local.read_bytes()) for source in open_sources([file])]
    assert [(name, data) for name, problem, data in left if not problem] == [
        ("a.csv", b"the neighbour"),
        ("c.csv", b"c"),
    ]
    [(name, problem, data_left)] = [entry for entry in left if entry[1]]
    assert (name, data_left) == ("b.csv", b"")
    assert problem and problem.reason is Reason.TRUNCATED_ARCHIVE
    assert "password" in problem.detail


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_damaged_in_any_packing_leaves_its_neighbours_alone(tmp_path: Path, method: int) -> None:
    file = tmp_path / "season.zip"
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a.csv", b"a" * 500)
        archive.writestr("b.csv", bytes(range(256)) * 4)
        archive.writestr("c.csv", b"c" * 500)
    data = bytearray(file.read_bytes())
    start = data.index(b"b.csv") + 5
    for at in range(start, start + 60):
        data[at] ^= 0xFF
    file.write_bytes(data)
    assert [(source.file_name, source.problem and source.problem.reason) for source, _ in read([file])] == [
        ("a.csv", None),
        ("b.csv", Reason.TRUNCATED_ARCHIVE),
        ("c.csv", None),
    ]


def test_an_archive_with_a_damaged_table_of_contents_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "season.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("ä.csv", b"a")
    file.write_bytes(file.read_bytes().replace("ä".encode(), b"\xff\xff"))
    (tmp_path / "z.csv").write_bytes(b"z")
    found = read(expand([str(tmp_path)]))
    assert [source.problem and source.problem.reason for source, _ in found] == [Reason.TRUNCATED_ARCHIVE, None]


def test_a_tar_cut_between_two_members_is_refused_after_what_is_whole(tmp_path: Path) -> None:
    size = 2 * tarfile.RECORDSIZE - tarfile.BLOCKSIZE
    tar(tmp_path / "whole.tgz", ("a.csv", b"a" * size), ("b.csv", b"b"))
    packer = zlib.compressobj(wbits=31)
    start = gzip.decompress((tmp_path / "whole.tgz").read_bytes())[: tarfile.BLOCKSIZE + size]
    (tmp_path / "cut.tgz").write_bytes(packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH))
    found = read([tmp_path / "cut.tgz"])
    assert [source.problem and source.problem.reason for source, _ in found] == [None, Reason.TRUNCATED_ARCHIVE]


@pytest.mark.parametrize("name", ["lap.csv.gz", "laps.tar.gz"])
def test_a_wrong_check_sum_is_noticed(tmp_path: Path, name: str) -> None:
    if name.endswith(".tar.gz"):
        tar(tmp_path / name, ("a.csv", b"a"))
    else:
        (tmp_path / name).write_bytes(gzip.compress(b"a"))
    data = bytearray((tmp_path / name).read_bytes())
    data[-8] ^= 1
    (tmp_path / name).write_bytes(data)
    *_, (last, _) = read([tmp_path / name])
    assert last.problem
    assert last.problem.reason is Reason.TRUNCATED_ARCHIVE


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
    monkeypatch.setattr("ingestion.archives.MAX_MEMBER_BYTES", 1 << 20)
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"0" * (3 << 20)))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", b"0" * (3 << 20))
        archive.writestr("good.csv", b"good")
    tar(tmp_path / "bomb.tgz", ("bomb.csv", b"0" * (3 << 20)), ("good.csv", b"good"))
    found = read([tmp_path / "bomb.csv.gz", tmp_path / "bomb.zip", tmp_path / "bomb.tgz"])
    assert [source.problem and source.problem.reason for source, _ in found] == [
        Reason.TOO_LARGE,
        Reason.TOO_LARGE,
        None,
        Reason.TOO_LARGE,
        None,
    ]


def test_an_archive_without_a_file_is_refused_itself(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.mkdir("folder")
    tar(tmp_path / "b.tar.gz", (".hidden", b"x"))
    assert [source.problem and source.problem.reason for source, _ in read(expand([str(tmp_path)]))] == [
        Reason.EMPTY
    ] * 2


def test_an_archive_unpacks_to_what_its_size_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is refused member by member. Ordinary text never reaches the limit."""
    monkeypatch.setattr("ingestion.archives.ALWAYS_UNPACKED_BYTES", 3 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"{number}.csv", bytes(1 << 20))
    problems = [source.problem and source.problem.reason for source, _ in read([tmp_path / "bomb.zip"])]
    assert problems == [None, None, None, Reason.TOO_LARGE, Reason.TOO_LARGE]
    noise = random.Random(1).randbytes(1 << 20)  # noqa: S311
    with zipfile.ZipFile(tmp_path / "honest.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"{number}.csv", noise + bytes(number))
    assert [source.problem for source, _ in read([tmp_path / "honest.zip"])] == [None] * 5


@pytest.mark.parametrize("mtime", [-62_200_000_000, -1, 253_402_300_799, 10**20])
def test_a_time_that_no_file_was_written_at_is_the_beginning(tmp_path: Path, mtime: int) -> None:
    """The database can hold the years 0 and 9999, but a zone can move them beyond what readers accept."""
    member = tarfile.TarInfo("a.csv")
    member.size, member.mtime = 1, mtime
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(member, io.BytesIO(b"a"))
    [(source, _)] = read([tmp_path / "a.tar.gz"])
    assert source.modified_at == datetime.fromtimestamp(0, UTC)
