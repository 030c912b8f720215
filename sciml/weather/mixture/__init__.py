"""Mixtures of whole forecasters: weights that depend on state, lead, place and season."""
