"""X-Ray: segments come in, traces and the service graph come out."""
