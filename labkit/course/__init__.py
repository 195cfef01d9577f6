"""The teaching layer: exercises, progress, exam practice."""
