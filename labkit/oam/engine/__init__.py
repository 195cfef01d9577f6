"""Pure functions of Observability Access Manager."""
