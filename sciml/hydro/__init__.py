"""Unsteady and ventilated-cavity hydrodynamics at the scale of a water tunnel."""
