"""How group elements move tensors: by rules of their kind, or by tables."""
