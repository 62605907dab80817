"""One call of a compiled module: what it takes, draws, checks, and how it is run and traced."""
