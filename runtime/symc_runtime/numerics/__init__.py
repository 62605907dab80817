"""Frames, orders and soft permutations, whatever the inputs are."""
