"""Evolution strategies and natural-gradient methods: one paper a file."""
