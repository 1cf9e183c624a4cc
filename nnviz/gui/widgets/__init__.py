"""Reusable widgets that know nothing of networks."""
