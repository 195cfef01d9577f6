"""What AWS's own services put on the default bus: one file for each source, fact in, event out."""
