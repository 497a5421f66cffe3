"""Puts the clock of any Python program back, as behind.py does: az, with this directory in PYTHONPATH."""

import behind  # noqa: F401
