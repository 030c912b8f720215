"""Verification of forecasts: how far off, how sharp, how honest, and how sure we are of that."""
