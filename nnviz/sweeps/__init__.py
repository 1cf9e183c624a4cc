"""Sweeps: many experiments that differ in a few settings become one table of results.

`axes` reads what is varied, `plan` counts and names the trainings, `cost` says what they will take, `strategies` choose
the points, `backends` train them (this machine, Dask, Ray), `results` keeps every row as it comes, and `sweep` drives
all of that in the background. `recipes` are studies that need no more than their name.
"""
