"""Settings that are numbers, from the environment."""

import os


class SettingError(ValueError):
    """An environment variable cannot be understood; the text names it."""


def whole_number(name: str, default: int) -> int:
    """A number that the user may set.

    Args:
        name: Environment variable.
        default: What it is when the variable is missing or empty.

    Raises:
        SettingError: it is no whole number from 0 on.
    """
    value = os.environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit()):
        raise SettingError(f"{name} is not a whole number from 0 on: {value!r}. Put it right, or unset it ({default}).")
    return int(value)
