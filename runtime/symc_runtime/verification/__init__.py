"""Measured equivariance: inputs of every kind, the coupled law, membership."""
