"""Batched Kalman, extended, unscented and ensemble filters and smoothers, in square-root form."""
