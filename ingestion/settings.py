"""Settings from the environment: numbers, and the folder for everything outside the database."""

import os
import sys
from pathlib import Path

from ingestion.errors import ReadableError

HOME_VARIABLE = "SIMRACE_HOME"
PSEUDONYM_VARIABLE = "SIMRACE_PSEUDONYM_KEY"
SHORTEST_KEY = 32  # characters
# What simrace itself keeps in its home; the rest is the server's.
KEPT_IN_HOME = frozenset(
    {"logs", "dlt", "refused", "uploads", "known_files.json", "paths.txt", "formats", "seeds", "spark", "target"}
    | {"schedule"}
)


class SettingError(ReadableError):
    """An environment variable cannot be understood; the text names it."""


def whole_number(name: str, default: int) -> int:
    """A whole number from an environment variable.

    Args:
        name: Environment variable.
        default: Its value when the variable is missing or empty.

    Raises:
        SettingError: it is not a whole number of 0 or more.
    """
    value = os.environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit()):
        raise SettingError(f"{name} is not a whole number from 0 on: {value!r}. Put it right, or unset it ({default}).")
    return int(value)


def has_pseudonyms() -> bool:
    """Whether drivers are published as pseudonyms, which is so when the key is set."""
    return len(os.environ.get(PSEUDONYM_VARIABLE, "")) >= SHORTEST_KEY


def home_directory() -> Path:
    """Folder of everything that simrace keeps outside the database.

    Root gets a folder of the system: the server runs as an ordinary user, and that user cannot enter root's home.
    """
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home).expanduser().absolute()
    return _default_home()


def make_home() -> Path:
    """The same folder, made if it is missing. Others may not list it; where root calls, they may pass through it."""
    home = home_directory()
    if not home.exists():
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o711 if is_root() else 0o700)
    return home


def is_root() -> bool:
    """Whether root calls, as whom PostgreSQL refuses to run."""
    return sys.platform != "win32" and os.geteuid() == 0


def _default_home() -> Path:
    if is_root():
        return Path("/var/lib/simrace")
    import platformdirs  # imported here, because it is not needed when the variable is set

    return Path(platformdirs.user_data_dir("simrace", appauthor=False))
