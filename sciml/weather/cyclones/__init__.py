"""Tropical cyclones: tracks on the sphere, predictors, forecasts of track and intensity."""
