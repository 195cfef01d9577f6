"""What canaries show: run history, film strips, steps, comparisons."""
