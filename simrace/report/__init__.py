"""`simrace report`: one telemetry session as a page to print: its laps, and where one of them lost time."""
