"""The pages are tried on the warehouse of the other tests."""

from tests.warehouse.conftest import warehouse

__all__ = ["warehouse"]
