"""Figures that come with their data, are compared with a reference, and make a report."""
