"""How the audit of dependencies judges its answers."""

import json

from tests.audit import judge

FINE = {"name": "fine", "version": "1.0", "vulns": []}
FLAWED = {"name": "flawed", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "description": ""}]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}


def report(*dependencies: dict[str, object]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_a_vulnerability_fails_and_is_named() -> None:
    passes, said = judge(report(FINE, FLAWED, UNKNOWN), "")
    assert not passes
    assert "flawed 2.0: PYSEC-1, mended in 2.1" in said


def test_what_nobody_knows_passes_and_is_counted() -> None:
    assert judge(report(FINE, UNKNOWN), "") == (
        True,
        "1 of 2 pinned packages audited, 0 vulnerabilities; of 1 nobody here knows",
    )


def test_without_a_network_it_passes_and_says_so() -> None:
    passes, said = judge("", "Traceback\nrequests.exceptions.ConnectionError: Failed to resolve the host")
    assert passes
    assert said == "Nothing was audited: requests.exceptions.ConnectionError: Failed to resolve the host"


def test_any_other_failure_is_one() -> None:
    passes, said = judge("", "pip-audit: error: no such option")
    assert not passes
    assert "no such option" in said
