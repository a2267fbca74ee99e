"""An environment of its own is made anew when it would not do any more, and only then."""

import re
import sys
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import pytest

from simrace.build import environment
from tests.conftest import ROOT

Release = namedtuple("Release", "major minor")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Python is a shell script")


def test_an_environment_is_of_its_pins_and_its_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def create(folder: Path, **_: bool) -> None:
        made.append(folder)
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        (folder / "bin" / "python").write_text("#!/bin/sh\n", "utf-8")
        (folder / "bin" / "python").chmod(0o755)

    monkeypatch.setattr(environment, "venv", SimpleNamespace(create=create))
    pins = tmp_path / "engine.lock"

    def how_often(release: Release, prefix: str, text: str) -> int:
        monkeypatch.setattr(sys, "version_info", release)
        monkeypatch.setattr(sys, "base_prefix", prefix)
        pins.write_text(text, "utf-8")
        environment.make_environment(tmp_path / "engine", pins)
        return len(made)

    old, new = Release(3, 11), Release(3, 12)
    assert how_often(old, "/usr", "a==1") == 1
    assert how_often(old, "/usr", "a==1") == 1, "it is there"
    assert how_often(old, "/usr", "a==2") == 2, "other pins"
    assert how_often(new, "/usr", "a==2") == 3, "another release of Python"
    assert how_often(new, "/opt", "a==2") == 4, "another Python of that release, as the old one may be gone"


def test_what_pip_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def create(folder: Path, **_: bool) -> None:
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").write_text("#!/bin/sh\necho no such package; exit 1\n", "utf-8")
        (folder / "bin" / "python").chmod(0o755)

    monkeypatch.setattr(environment, "venv", SimpleNamespace(create=create))
    pins = tmp_path / "engine.lock"
    pins.touch()
    with pytest.raises(environment.PackagesError, match=r"(?s)engine\.lock .*no such package"):
        environment.make_environment(tmp_path / "engine", pins)


def test_what_is_pinned_with_an_extra_is_pinned_without_it_too() -> None:
    """Else pip, asked for the package alone, looks at the newest first, and ends because no pin names it."""
    locks = [*ROOT.glob("*.lock"), *ROOT.glob("simrace/*/pins/*.lock"), *ROOT.glob("examples/*/*.lock")]
    pins = {(lock.name, pin) for lock in locks for pin in re.findall(r"^\S+==\S+", lock.read_text("utf-8"), re.M)}
    with_extra = {(lock, re.sub(r"\[.*\]", "", pin)) for lock, pin in pins if "[" in pin}
    assert with_extra
    assert with_extra <= pins
