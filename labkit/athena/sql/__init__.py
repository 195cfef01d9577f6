"""Athena's SQL: sqlglot reads it, duckdb runs it, errors are told in Athena's words."""
