"""dbt does not check YAML keys on PostgreSQL: a misspelt `desciption:` would be silent."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
YAML_FILES = sorted(path for folder in ("models", "seeds") for path in (ROOT / folder).rglob("*.yml"))


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads((files("dbt.jsonschemas") / "resources" / "latest.json").read_text(encoding="utf-8"))
    return jsonschema.Draft7Validator(schema)


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_yaml_has_only_keys_that_dbt_knows(validator: Any, path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    problems = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in _leaves(validator, document)
    ]
    assert not problems, "\n".join(problems)


def test_a_misspelt_key_is_found(validator: Any) -> None:
    document = {"models": [{"name": "laps", "desciption": "One row per lap."}]}
    assert any("desciption" in error.message for error in _leaves(validator, document))


def _leaves(validator: Any, document: Any) -> list[jsonschema.ValidationError]:
    return list(validator.iter_errors(document))
