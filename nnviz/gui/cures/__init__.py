"""The window of cures: twins of a run with one change each, trained over several seeds and ranked."""
