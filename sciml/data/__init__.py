"""Data: cards, files, splits, scaling and windows. Nothing here imports Paddle."""
