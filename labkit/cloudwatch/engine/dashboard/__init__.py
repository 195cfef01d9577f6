"""Dashboards as values: what a body says, what is wrong with it, where its widgets stand."""
