"""The conformance matrix: laws measured over everything that the catalogue lists."""
