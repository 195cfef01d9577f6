"""CloudWatch Synthetics: canaries that really visit a site, and what they bring back."""
