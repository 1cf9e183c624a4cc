"""When training happens: the loop, its thread, and what it posts."""
