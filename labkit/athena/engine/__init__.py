"""Athena's pure half: statements, types, partitions, results as text."""
