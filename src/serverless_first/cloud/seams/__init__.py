"""Where moto hands over to the data plane: one file for each place, each with a test that fails when moto changes.

A seam names the moto version it was written for in its docstring and replaces as little as it can.
"""
