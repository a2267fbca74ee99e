"""The first run finds what the sims wrote, in their usual folders and nowhere else."""

import re
import sys
from pathlib import Path

import pytest

from ingestion import sim_folders
from ingestion.formats.declarations import DeclarationError
from ingestion.sim_folders import find_sim_folders
from simrace.cli.paths import remembered_paths
from simrace.database.connection import ConnectionParameters
from simrace.operations import commands
from tests.ingestion.test_cli import simrace
from tests.ingestion.test_landing import GARAGE61, ROW, query

PROTON = "steamapps/compatdata/805550/pfx/drive_c/users/steamuser"
ACC = "Documents/Assetto Corsa Competizione"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The profile of a user who has no sim yet."""
    made = tmp_path / "user"
    made.mkdir()
    monkeypatch.setenv("HOME", str(made))
    monkeypatch.setenv("USERPROFILE", str(made))
    monkeypatch.setenv("SIMRACE_HOME", str(tmp_path / "simrace"))
    monkeypatch.delenv("PROGRAMFILES(X86)", raising=False)
    return made


def write(file: Path, size: int = 10) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size)
    return file


def list_libraries(steam: Path, *libraries: Path) -> None:
    """Write Steam's list as Steam does, with doubled backslashes."""
    paths = [str(library).replace("\\", "\\\\") for library in libraries]
    apps = '"apps"\n\t\t{\n\t\t\t"805550"\t\t"9132"\n\t\t}'
    entries = "".join(f'\t"{n}"\n\t{{\n\t\t"path"\t\t"{path}"\n\t\t{apps}\n\t}}\n' for n, path in enumerate(paths))
    file = write(steam / "steamapps" / "libraryfolders.vdf")
    file.write_text(f'"libraryfolders"\n{{\n{entries}}}\n', encoding="utf-8")


def found() -> list[tuple[str, str, int, int]]:
    return [(each.sim, str(each.folder), each.files, each.bytes) for each in find_sim_folders()]


def test_nothing_is_found_where_no_sim_is(home: Path) -> None:
    (home / "Documents" / "iRacing" / "telemetry").mkdir(parents=True)
    write(home / "Documents" / "iRacing" / "telemetry" / "notes.txt")
    write(home / "Documents" / "iRacing" / "telemetry" / ".session.ibt")
    write(home / "Documents" / "iRacing" / "session.ibt")
    write(home / "session.ibt")
    assert found() == []


def test_documents_are_counted_and_measured(home: Path) -> None:
    telemetry = home / "Documents" / "iRacing" / "telemetry"
    write(telemetry / "one.ibt", 7)
    write(telemetry / "2026" / "TWO.IBT", 5)
    write(telemetry / "notes.txt", 90)
    results = home / "OneDrive" / ACC / "Results"
    write(results / "race.json", 3)
    assert found() == [
        ("iRacing", str(telemetry), 2, 12),
        ("Assetto Corsa Competizione", str(results), 1, 3),
    ]


def test_libraries_of_steam_are_searched_each_once(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one on another disk; games write there, and Proton keeps a profile of Windows for each game."""
    steam, disk = home / ".local" / "share" / "Steam", tmp_path / "another disk"
    list_libraries(steam, steam, disk, tmp_path / "unplugged", Path("relative"))
    (home / ".steam").mkdir()
    (home / ".steam" / "steam").symlink_to(steam)
    log = write(disk / PROTON / ACC / "MoTeC" / "lap.ld", 4)
    write(disk / PROTON / ACC / "MoTeC" / "lap.ldx", 1)
    telemetry = write(disk / "steamapps/common/Le Mans Ultimate/UserData/Telemetry/a.duckdb", 6)
    result = write(steam / "steamapps/common/rFactor 2/UserData/Log/Results/race.xml", 2)
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "relative" / PROTON / ACC / "MoTeC" / "lap.ld")
    write(tmp_path / "unlisted" / PROTON / ACC / "MoTeC" / "lap.ld")
    assert found() == [
        ("Assetto Corsa Competizione", str(log.parent), 2, 5),
        ("rFactor 2", str(result.parent), 1, 2),
        ("Le Mans Ultimate", str(telemetry.parent), 1, 6),
    ]


@pytest.mark.parametrize(
    "text",
    ['"LibraryFolders" { "1" "DISK" }', '"libraryfolders" { "0" { "path" "DISK"', '\0"path" "DI\0SK" "path"  "DISK"'],
)
def test_an_old_or_damaged_list_of_libraries_is_read_as_far_as_it_goes(home: Path, tmp_path: Path, text: str) -> None:
    disk = tmp_path / "disk"
    write(home / ".local/share/Steam/steamapps/libraryfolders.vdf").write_text(text.replace("DISK", str(disk)))
    log = write(disk / PROTON / ACC / "MoTeC" / "lap.ld")
    assert [folder for _, folder, *_ in found()] == [str(log.parent)]


@pytest.mark.parametrize("text", ["", '"path" "', "\0" * 100, '"path" "/\\' + "x" * 5_000 + '"', "é" * 10])
def test_no_list_of_libraries_stops_the_search(home: Path, text: str) -> None:
    write(home / ".local/share/Steam/steamapps/libraryfolders.vdf").write_bytes(text.encode("cp1252"))
    lap = write(home / "Documents" / "Garage61" / "lap.csv")
    assert [folder for _, folder, *_ in found()] == [str(lap.parent)]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_links_lead_nowhere(home: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    log = write(away / "log.ibt")
    (home / "Documents").mkdir()
    (home / "Documents" / "iRacing").symlink_to(away)
    write(away / "telemetry" / "log.ibt")
    motec = home / ACC / "MoTeC"
    write(motec / "lap.ld")
    (motec / "linked.ld").symlink_to(log)
    (motec / "folder").symlink_to(away)
    assert found() == [("Assetto Corsa Competizione", str(motec), 1, 10)]


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ('[[sims]]\ntitle = "x"', "line 1.*is not one of: steam, documents, sim"),
        ('[[sim]]\ntitle = "x"\nfiles = ["*.csv"]', "line 1.*either documents or game"),
        ('[[sim]]\ntitle = "x"\ndocuments = "x"', "line 1.*needs a files"),
        ('[[sim]]\ntitle = "x"\ndocuments = "../x"\nfiles = ["*"]', "line 1.*stays below"),
        ('[[sim]]\ntitle = "x"\ngame = "/etc"\nfiles = ["*"]', "line 1.*stays below"),
        ('[[steam]]\nbelow = "home"\nfolder = "x"\n\n[[steam]]\nbelow = "root"\nfolder = "x"', "line 5.*program_files"),
    ],
)
def test_a_mistake_in_the_declaration_is_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declared: str, told: str
) -> None:
    (tmp_path / "folders.toml").write_text(declared)
    monkeypatch.setattr(sim_folders, "DECLARED", tmp_path / "folders.toml")
    with pytest.raises(DeclarationError, match=told):
        find_sim_folders()


def test_without_a_terminal_it_lists_and_says_what_to_type(home: Path, tmp_path: Path) -> None:
    write(home / "Documents" / "Garage61" / "lap[1].csv", 1_500_000)
    done = simrace("run")
    assert done.exit_code == 2
    folder = home / "Documents" / "Garage61"
    assert f"Garage 61: 1 files, 1.5 MB in {folder}" in done.output
    assert re.search(r"simrace run --yes.*simrace run PATH", done.output)
    assert remembered_paths() == []


def test_what_is_agreed_to_is_landed_now_and_on_every_run(
    database: ConnectionParameters, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simrace.cli.run.build_marts", lambda *_, **__: None)
    monkeypatch.setattr("simrace.cli.summaries.show_holdings", lambda *_: None)
    monkeypatch.setattr(commands, "expired", lambda _: [])
    folder = home / "Documents" / "Garage61"
    write(folder / "lap.csv").write_text(GARAGE61 + ROW * 20)
    if sys.platform != "win32":
        write(tmp_path / "diary.csv").write_text(GARAGE61 + ROW * 40)
        (folder / "linked.csv").symlink_to(tmp_path / "diary.csv")
    done = simrace("run", "--yes")
    assert done.exit_code == 0, done.output
    assert query(database, "select count(*) from raw.files") == [(1,)]
    assert remembered_paths() == [str(folder)]
    write(home / ACC / "Results" / "race.json")
    write(folder / "next.csv").write_text(GARAGE61 + ROW * 30)
    done = simrace("run")
    assert done.exit_code == 0, done.output
    assert query(database, "select count(*) from raw.files") == [(2,)]
    assert remembered_paths() == [str(folder)], "folders that were given stay; the others are not looked into"
