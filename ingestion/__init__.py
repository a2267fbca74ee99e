"""simrace: files of racing sims in, tested PostgreSQL tables of races, laps and samples out."""
