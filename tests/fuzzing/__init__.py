"""Texts that nobody wrote, for everything that reads specs: `python -m fuzzing` from tests/."""
