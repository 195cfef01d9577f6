"""CloudTrail: who did what, when, from where."""
