"""What a run is and what it came to: values and pure functions, without a browser or a process."""
