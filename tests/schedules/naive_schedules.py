"""Cron firings by walking over all minutes, as the benchmark does (benchmarks/naive_cron.py)."""

from benchmarks.naive_cron import firings

__all__ = ["firings"]
