"""The product around the warehouse: what people type, see and call. `ingestion` lands files, dbt makes tables."""

__version__ = "0.2.0"
