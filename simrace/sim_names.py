"""What sims and loggers are called; marts have an id of each, such as acc."""

NAMES = {
    "acc": "Assetto Corsa Competizione",
    "accessport": "Accessport",
    "aim": "AiM",
    "ams": "Automobilista",
    "ams2": "Automobilista 2",
    "assetto_corsa": "Assetto Corsa",
    "crewchief": "CrewChief",
    "ecumaster": "ECUMaster",
    "f1": "F1",
    "forza": "Forza",
    "gauge_s": "Gauge.S",
    "gpx": "GPX",
    "gt7": "Gran Turismo 7",
    "iracing": "iRacing",
    "live": "live",
    "lmu": "Le Mans Ultimate",
    "motec": "MoTeC",
    "project_cars": "Project CARS",
    "project_cars2": "Project CARS 2",
    "racecapture": "RaceCapture",
    "racechrono": "RaceChrono",
    "racelogic": "VBOX",
    "raceroom": "RaceRoom",
    "rfactor": "rFactor",
    "rfactor2": "rFactor 2",
    "romraider": "RomRaider",
    "torque": "Torque",
    "trackaddict": "TrackAddict",
}


def sim_name(sim: str) -> str:
    """A sim as people call it; one of a format of one's own by its id.

    Args:
        sim: As in the marts.
    """
    return NAMES.get(sim, sim)
