"""Ask whether what requirements.lock pins has known vulnerabilities: `make audit`.

A known vulnerability is a failure. If nobody can be asked (no network, only a mirror of packages), it says so and
passes.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = ("pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json")


def judge(report: str, complaint: str) -> tuple[bool, str]:
    """Whether to pass, and what to say.

    Args:
        report: What pip-audit wrote; empty when it did not come to that.
        complaint: What it said on standard error.
    """
    if not report.strip():
        last = (complaint.strip().splitlines() or ["it said nothing"])[-1]
        # A person has to look at any other end, such as an option that is gone or a lock that cannot be read.
        return "ConnectionError" in complaint or "Timeout" in complaint, f"Nothing was audited: {last}"
    dependencies = json.loads(report)["dependencies"]
    found = [
        f"{each['name']} {each['version']}: {flaw['id']}, "
        f"mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for each in dependencies
        for flaw in each.get("vulns", ())
    ]
    unknown = sum("skip_reason" in each for each in dependencies)
    said = f"{len(dependencies) - unknown} of {len(dependencies)} pinned packages audited, {len(found)} vulnerabilities"
    if unknown:
        said += f"; of {unknown} nobody here knows"
    return not found, "\n  ".join([said, *found])


def main() -> int:
    """Run pip-audit on the lock; the exit status."""
    done = subprocess.run(
        [sys.executable, "-m", *COMMAND, "--requirement", str(ROOT / "requirements.lock")],
        capture_output=True,
        text=True,
        check=False,
    )
    passes, said = judge(done.stdout, done.stderr)
    print(said)
    return 0 if passes else 1


if __name__ == "__main__":
    sys.exit(main())
