"""CloudWatch's pure engines: values in, values with their reasons out."""
