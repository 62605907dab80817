"""What a compiled module keeps of its spec: tensors, groups, sizes, and which stages draw."""
