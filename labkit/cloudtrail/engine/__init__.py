"""Pure parts of CloudTrail: what is recorded, what a record says, which look-up finds it."""
