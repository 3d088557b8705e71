"""Generators of rows of the shipped catalog, run by hand; each rewrites its rows byte for byte."""
