"""Builds what grows on Apache Spark, or on Sail, which speaks its dialect; the rest stays in PostgreSQL."""
