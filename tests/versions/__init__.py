"""What must hold on every version of torch, from the floor to the newest: `make torch-versions`."""
