"""What stages read of their inputs: invariants, vectors, all poses."""
