"""Athena: SQL over files in S3, on the lab's clock."""
