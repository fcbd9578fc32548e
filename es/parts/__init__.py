"""What strategies are made of, each idea in a file."""
