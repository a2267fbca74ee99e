"""Championships for who runs one: rules checked before the season, rounds step by step, what-if, publication."""
