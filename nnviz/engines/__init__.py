"""How one step of training is computed."""
