"""Runs dbt on the warehouse, and remembers its runs."""
