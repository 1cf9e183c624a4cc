"""Studies: many trainings in the background, to answer one question about an experiment. No Qt."""
