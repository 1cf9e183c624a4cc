"""Samples that the user draws: the drawing as settings, and the strokes that change it."""
