"""The laboratory: a window of instruments that measure, explain and cure overfitting. One page per instrument."""
