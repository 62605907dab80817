"""Code generation: IR to a torch.fx graph, a module, readable Python."""
