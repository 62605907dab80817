"""Verdicts against numbers: random specs, and the rank of averaged random maps."""
