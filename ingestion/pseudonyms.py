"""The key of the pseudonyms, handed to the database without becoming part of any SQL: see macros/pseudonyms.sql."""

import hashlib
from collections.abc import Mapping

KEY_VARIABLE = "SIMRACE_PSEUDONYM_KEY"
SETTING = "simrace.pseudonym_pads"
SHORTEST_KEY = 32  # characters
_BLOCK = 64  # bytes that SHA-256 takes at once


def session_options(environ: Mapping[str, str]) -> dict[str, str]:
    """Variables that give every connection of this process what it needs to make pseudonyms; none without a key.

    A startup option and no `set`, which the server's log would show. What it holds are the two pads of HMAC (RFC 2104),
    all that PostgreSQL's own sha256() needs.

    Args:
        environ: Environment to read; PGOPTIONS of the user's own are kept.
    """
    key = environ.get(KEY_VARIABLE, "")
    if len(key) < SHORTEST_KEY:
        return {}
    own = environ.get("PGOPTIONS", "").partition(f"-c {SETTING}=")[0]
    return {"PGOPTIONS": f"{own.rstrip()} -c {SETTING}={_pads(key)}".lstrip()}


def _pads(key: str) -> str:
    block = key.encode("utf-8", "surrogateescape")
    if len(block) > _BLOCK:
        block = hashlib.sha256(block).digest()
    block = block.ljust(_BLOCK, b"\0")
    return "".join(bytes(byte ^ pad for byte in block).hex() for pad in (0x36, 0x5C))
