"""Extreme weather: fusion of observations and forecasts, mixtures of experts, extremes scores."""
