"""The library that canaries import on AWS, for canaries that run in a lab.

Names and behaviour are those of the user guide's page "Library functions available for Python
canary scripts using Selenium"; the code is labkit's own. It lies on the path of a canary's process
and nowhere else.
"""
