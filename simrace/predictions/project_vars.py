"""Vars of the project, as dbt has them."""

from functools import cache
from typing import Any

import yaml

from simrace.build.project import project_directory


@cache
def project_vars() -> dict[str, Any]:
    """Those of dbt_project.yml, each described there."""
    project: dict[str, Any] = yaml.safe_load((project_directory() / "dbt_project.yml").read_text(encoding="utf-8"))
    vars_of_project: dict[str, Any] = project["vars"]
    return vars_of_project
