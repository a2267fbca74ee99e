"""What a plan of a race is made from: the driver's laps on a layout in a car."""

from decimal import Decimal
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.predictions.errors import PredictionError
from simrace.race_plan import Basis


def read_basis(connection: Connection, driver: str, layout: str, car: str) -> Basis:
    """What a driver did on a layout in a car.

    Args:
        connection: To a warehouse that has been built.
        driver: driver_id or name.
        layout: layout_id.
        car: car_id or name; blank for the one most driven there.

    Raises:
        PredictionError: there is no lap.
    """
    names = ", ".join(f"basis.{name}" for name in Basis.__dataclass_fields__)
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {names} from marts.race_plan_basis as basis "
            "left join marts.dim_drivers as drivers on basis.driver_id = drivers.driver_id "
            "left join marts.dim_cars as cars on basis.car_id = cars.car_id "
            "where (basis.driver_id = %(driver)s or lower(drivers.driver_name) = lower(%(driver)s)) "
            "and basis.layout_id = lower(%(layout)s) "
            "and (%(car)s in ('', basis.car_id) or lower(cars.car_name) = lower(%(car)s)) "
            "order by basis.pace_laps desc, basis.driver_id, basis.car_id limit 1",
            {"driver": driver, "layout": layout, "car": car},
        )
        row = cursor.fetchone()
    if row is None:
        raise PredictionError(
            f"There are no laps of {driver!r} on {layout!r}{f' in {car!r}' if car else ''}: marts.race_plan_basis says "
            "of whom there are, where and in what."
        )
    told: list[Any] = [float(value) if isinstance(value, Decimal) else value for value in row]
    return Basis(*told)
