"""Settings of the API from the environment."""

import os
from dataclasses import dataclass, field

from ingestion.settings import SettingError, whole_number

TOKEN_VARIABLE = "SIMRACE_API_TOKEN"  # noqa: S105 - its name, not the token
UPLOAD_VARIABLE = "SIMRACE_API_UPLOAD_MB"
RATE_VARIABLE = "SIMRACE_API_REQUESTS_PER_MINUTE"
SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class Settings:
    """Settings of the API.

    Attributes:
        token: What a client must show; without one, only programs of this machine are let in.
        upload_bytes: How large the body of an upload may be.
        requests_per_minute: Of one client; 0 for any number.
    """

    token: str = field(default="", repr=False)
    upload_bytes: int = 1_000_000_000
    requests_per_minute: int = 600


def read_settings() -> Settings:
    """Read them from the environment.

    Raises:
        SettingError: a setting cannot be understood, or the token is easy to guess.
    """
    token = os.environ.get(TOKEN_VARIABLE, "")
    if token and (len(token) < SHORTEST_TOKEN or not token.isascii() or any(letter.isspace() for letter in token)):
        raise SettingError(
            f"{TOKEN_VARIABLE} has to be {SHORTEST_TOKEN} or more ASCII characters without spaces; make one: "
            'python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    return Settings(token, whole_number(UPLOAD_VARIABLE, 1_000) * 1_000_000, whole_number(RATE_VARIABLE, 600))
