"""Samples read from what the user brings: one file per format."""
