"""Many files of 20 lines."""

from pathlib import Path
from typing import Any

from bench import Size, bench

from simrace.generator import write_sample_files


def run(folder: Path, size: Size) -> dict[str, Any]:
    """Land them, and again."""
    write_sample_files(folder / "models", 4)
    model = min((folder / "models").rglob("Garage 61*.csv"), key=lambda path: path.stat().st_size)
    lines = model.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    files = folder / "tiny"
    files.mkdir()
    for number in range(size.tiny_files):
        changed = lines[-1].rstrip("\r\n").rpartition(",")[0] + f",{number}\n"
        (files / f"lap {number}.csv").write_text("".join([*lines[:-1], changed]), encoding="utf-8")
    with bench(folder, "tiny") as here:
        here.run("simrace", "land", next(files.iterdir()))
        landing_s = here.timed("simrace", "land", files)
        again_s = here.timed("simrace", "land", files)
        landed = here.query("select count(*) from raw.files")[0][0]
    return {
        "files": size.tiny_files, "landed": landed, "landing_s": landing_s,
        "ms_a_file_beyond_the_first_second": (landing_s - 1) / size.tiny_files * 1_000, "nothing_new_s": again_s,
    }  # fmt: skip


def lines(told: dict[str, Any]) -> list[str]:
    """Of the Markdown."""
    return [
        f"{told['files']:,} files of 20 lines: landed in {told['landing_s']:.1f} s, "
        f"{told['ms_a_file_beyond_the_first_second']:.1f} ms a file beyond the first second; again with nothing new "
        f"{told['nothing_new_s']:.1f} s.",
        "",
    ]
