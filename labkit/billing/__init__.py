"""What a world would have cost on AWS: usage in, priced lines out. A meter, never a quote."""
