"""nnviz: see a neural network learn and overfit."""

__version__ = "0.1.0"
