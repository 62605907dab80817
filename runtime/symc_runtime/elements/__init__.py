"""Group elements as structured data, batched: index, matrix, vector; never dense permutations."""
