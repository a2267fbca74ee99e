"""What will happen: models of the training data, what they say of a race, and how often they were right."""
