"""How often what is expected between two ends is meant to come: of predictions and of plans alike."""

COVERAGE = 0.8
NORMAL = 1.2815515655446004  # of a normal distribution, between which and its negative lies COVERAGE
