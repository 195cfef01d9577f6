"""Pure functions of the schema registry."""
