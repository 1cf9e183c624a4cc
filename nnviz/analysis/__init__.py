"""What can be computed from measurements alone: pure functions on numpy arrays."""
