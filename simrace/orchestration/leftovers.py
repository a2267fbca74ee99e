"""Tell Dagster of runs whose processes ended with the scheduler before; called before it is started again.

It takes such a run for one that is at work, and lets no other begin.
"""

import dagster as dg

LEFT = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def end_leftovers(instance: dg.DagsterInstance) -> int:
    """Mark them as failed, so that they are begun anew. Return how many there were."""
    left = instance.get_runs(dg.RunsFilter(statuses=LEFT))
    for run in left:
        instance.report_run_failed(run, "Its process ended with the scheduler.")
    return len(left)


if __name__ == "__main__":
    with dg.DagsterInstance.get() as found:
        print(end_leftovers(found))
