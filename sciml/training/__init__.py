"""One training loop for all domains: recipe, feed, fit, checkpoint, record."""
