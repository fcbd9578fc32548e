"""One run of an optimizer on an objective, and what accompanies it."""
