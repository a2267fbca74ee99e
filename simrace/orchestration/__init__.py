"""The warehouse by Dagster: assets, schedules, a sensor for new files, backfills of an archive by month."""
