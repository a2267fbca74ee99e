"""Ratings of generated races are told whole: no race is missing, and they move by the formula."""

from dataclasses import replace

import pytest

from tests.conftest import Warehouse


def test_each_rating_follows_from_the_race_before(warehouse: Warehouse) -> None:
    """Real drivers race elsewhere too; of invented ones every race is here."""
    links, whole = warehouse.query(
        "select count(is_chained), sum(cast(is_chained as integer)) from marts.rating_history"
    )[0]
    assert isinstance(links, int) and links > 100
    assert links == whole
    shown = warehouse.query("select value from marts.data_quality_kpis_latest where kpi = 'ratings_chained'")
    assert shown == [(1,)]


def test_the_estimate_is_off_by_rounding_alone(warehouse: Warehouse) -> None:
    """The generator moves ratings by the same formula and rounds; who does not start is among them."""
    classes = warehouse.query(
        "select max_absolute_residual, class_entries - class_starters from marts.rating_audit_classes "
        "where is_official and not is_team_race"
    )
    assert len(classes) >= 10
    assert all(residual <= 0.5 for residual, _ in classes)  # type: ignore[operator]
    assert any(absent for _, absent in classes)


def test_standings_come_from_the_files_and_from_the_seed(warehouse: Warehouse) -> None:
    championships = warehouse.query(
        "select championship_id, sum(dropped_points) > 0, sum(bonus_points) > 0 from marts.championship_standings "
        "group by 1 order by 1"
    )
    assert championships == [
        ("example_gt_coast_2026", True, True),
        ("example_saltwind_lmu", False, True),
        ("example_saltwind_raceroom", True, True),
        ("iracing:league_season:122001", False, False),
    ]


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_a_day_and_a_month_are_those_of_utc(warehouse: Warehouse, zone: str) -> None:
    """Whatever the zone of the connection: races and sessions of the unit tests begin beside midnight."""
    elsewhere = replace(warehouse, environment={**warehouse.environment, "PGTZ": zone})
    tests = ("activity_daily", "incident_rates", "int_championship_races")
    done = elsewhere.run("dbt", "test", "--select", *(f"{model},test_type:unit" for model in tests))
    assert "4 unit tests in" in done.stdout, done.stdout[-2_000:]  # and none failed, else dbt had
