"""The services that labkit does not build itself, mounted from moto.

Only this folder touches moto's insides. How it does, and why so, stands at the head of mount.py.
"""
