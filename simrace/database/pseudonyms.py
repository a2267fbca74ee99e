"""The key of the pseudonyms reaches the database without becoming part of any SQL: macros/privacy/pseudonyms.sql."""

import hashlib
import hmac
from collections.abc import Mapping

from ingestion.errors import ReadableError
from ingestion.settings import PSEUDONYM_VARIABLE, SHORTEST_KEY

SETTING = "simrace.pseudonym_pads"
_BLOCK = 64  # bytes of a block of SHA-256


class PseudonymError(ReadableError):
    """No pseudonym can be made; the text says why."""


def session_options(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that let every connection of this process make pseudonyms; none without a key.

    The key travels as a startup option, because the server's log could show a `set` statement. The option holds the two
    pads of HMAC (RFC 2104), which is all that PostgreSQL's own sha256() needs.

    Args:
        environ: Environment to read; PGOPTIONS of the user's own are kept.
    """
    key = environ.get(PSEUDONYM_VARIABLE, "")
    if len(key) < SHORTEST_KEY:
        return {}
    own = environ.get("PGOPTIONS", "").partition(f"-c {SETTING}=")[0]
    return {"PGOPTIONS": f"{own.rstrip()} -c {SETTING}={_pads(key)}".lstrip()}


def pseudonym(name: str, kind: str, environ: Mapping[str, str]) -> str:
    """A name as a warehouse with pseudonyms would publish it.

    Args:
        name: Of a driver or team.
        kind: Word before it, such as Driver.
        environ: Environment with the key.

    Raises:
        PseudonymError: there is no key, or it is too short.
    """
    key = environ.get(PSEUDONYM_VARIABLE, "")
    if len(key) < SHORTEST_KEY:
        raise PseudonymError(
            f"Pseudonyms need a key: set {PSEUDONYM_VARIABLE} to {SHORTEST_KEY} characters or more, and keep it. "
            'One is made by: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    keyed = hmac.new(key.encode("utf-8", "surrogateescape"), name.encode("utf-8"), hashlib.sha256)
    return f"{kind} {keyed.hexdigest()[:16]}"


def _pads(key: str) -> str:
    block = key.encode("utf-8", "surrogateescape")
    if len(block) > _BLOCK:
        block = hashlib.sha256(block).digest()
    block = block.ljust(_BLOCK, b"\0")
    return "".join(bytes(byte ^ pad for byte in block).hex() for pad in (0x36, 0x5C))
