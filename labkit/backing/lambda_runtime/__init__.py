"""What runs in child processes: a nursery that forks workers, and the runtime inside a worker.

Nothing here is imported by the kernel but :mod:`.frames`; the kernel starts ``nursery.main`` in a
process of its own and talks to it through sockets (``labkit/backing/function_workers.py``).
"""
