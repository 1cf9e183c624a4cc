"""The kernels of the compiled engine. Everything here needs Numba; only `compiled_engine.py` imports it, when asked."""
