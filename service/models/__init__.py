"""Models at the doors: their state and weights, warming them up, and the Open Inference Protocol."""
