"""What Dagster loads: `simrace schedule` names this module to it."""

from datetime import timedelta

import dagster as dg
import yaml

from simrace.build.project import project_directory
from simrace.orchestration.automation import make_jobs, make_schedules, make_sensors
from simrace.orchestration.building import Project, build_assets
from simrace.orchestration.landing import CONTENT, archive_assets, landing_assets
from simrace.orchestration.settings import read_plan, schedule_folder
from simrace.orchestration.writing import export_assets, report_assets, state_asset


def _content() -> dg.AssetSpec:
    """What was landed, which is stale when nothing new came for as long as `simrace status` says."""
    variables = yaml.safe_load((project_directory() / "dbt_project.yml").read_text("utf-8"))["vars"]
    return dg.AssetSpec(
        CONTENT,
        group_name="raw",
        description="New content that was landed.",
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(days=variables["freshness_error_days"]),
            warn_window=timedelta(days=variables["freshness_warn_days"]),
        ),
    )


def _definitions() -> dg.Definitions:
    plan = read_plan()
    landing, archives = landing_assets(plan), archive_assets(plan)
    landed = [key for each in [*landing, *archives] for key in each.keys]
    project = Project(schedule_folder() / "target" / "manifest.json", landed)
    build = build_assets(plan, project)
    whole, by_month = export_assets(plan, project)
    reports, state = report_assets(plan, project), state_asset(plan)
    jobs = make_jobs([*landing, *whole, *reports], archives, by_month, state, build)
    return dg.Definitions(
        assets=[_content(), *landing, *archives, build, *whole, *by_month, *reports, state],
        jobs=[*jobs.values()],
        schedules=make_schedules(plan, jobs),
        sensors=make_sensors(plan, jobs),
        executor=dg.in_process_executor,
    )


definitions = _definitions()
