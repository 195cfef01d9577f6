"""How calls come in: one dispatch behind every door, and the doors."""
