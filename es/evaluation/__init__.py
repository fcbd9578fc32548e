"""Evaluating populations: here, in processes, in threads or on a cluster."""
