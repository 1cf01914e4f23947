"""Mapping over many inputs, on the cores of one machine or on a dask cluster."""
