"""simrace by Airflow 3: one task a layer, a day a run; days that were missed are made up for.

Airflow calls the command `simrace`, which has an environment of its own; SIMRACE_COMMAND names it where it is not on
the path. SIMRACE_FILES is the folder of a day or month, as strftime has it. SIMRACE_HOME and SIMRACE_DATABASE_URL are
read by simrace.
"""

import json
import os
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SIMRACE = os.environ.get("SIMRACE_COMMAND", "simrace")
ARCHIVE = os.environ.get("SIMRACE_FILES", "/srv/archive/%Y-%m")
WEBHOOK_VARIABLE = "SIMRACE_WEBHOOK_URL"
NOTHING_THERE = 99
LAYERS = ("staging", "intermediate", "marts")


def alert(context: dict[str, Any]) -> None:
    """Tell the webhook, in the body that docs/monitoring.md describes; also when the database is what failed."""
    if not (url := os.environ.get(WEBHOOK_VARIABLE)):
        return
    run, task = context["dag_run"], context.get("ti")
    reason = f"{task.task_id if task else 'a task'} failed ({context.get('reason') or 'no reason is given'})"
    body = {
        "version": 1,
        "event": "run_failed",
        "sent_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "warehouse": "simrace by Airflow",
        "run_id": run.run_id,
        "summary": f"simrace by Airflow: {run.dag_id}: {reason}",
        "problems": [{"kind": "run_failed", "name": run.dag_id, "message": reason}],
    }
    request = urllib.request.Request(  # noqa: S310 - whoever sets the variable says where
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass


with DAG(
    "simrace",
    description="Land the files of a day, then build and test the warehouse layer by layer.",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    schedule="0 4 * * *",
    catchup=True,
    # the warehouse takes one writer at a time
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    on_failure_callback=alert,
    default_args={
        "retries": int(os.environ.get("SIMRACE_RETRIES", "3")),
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=30),
    },
) as dag:
    # of the day before: at four in the morning its evening is over
    day = f"{{{{ (logical_date - macros.timedelta(days=1)).strftime('{ARCHIVE}') }}}}"
    before = BashOperator(
        task_id="land",
        bash_command=f'[ -e "$FILES" ] || exit {NOTHING_THERE}; exec {SIMRACE} land "$FILES"',
        env={"FILES": day},
        append_env=True,
        skip_on_exit_code=NOTHING_THERE,  # nothing came, so nothing is built
    )
    for number, layer in enumerate(LAYERS, 1):
        seeds = " resource_type:seed" if layer == LAYERS[0] else ""
        # or tests of a later layer would run already, whose models foreign keys put before this one's
        later = "".join(f" path:models/{each}" for each in LAYERS[number:])
        build = BashOperator(
            task_id=layer,
            bash_command=(
                f"exec {SIMRACE} dbt build --indirect-selection buildable --select path:models/{layer}{seeds} "
                f"--exclude resource_type:unit_test{later}"
            ),
            # foreign keys are set and gone rows removed at the end of the last
            env={} if layer == LAYERS[-1] else {"SIMRACE_BUILDS_PART": "1"},
            append_env=True,
        )
        before >> build
        before = build
