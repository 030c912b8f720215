"""Forecasters of fields: from persistence to kernels and networks, under one contract."""
