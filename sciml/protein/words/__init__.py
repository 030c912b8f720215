"""From maps of attention to words: a null model, links that pass it, what they hold together."""
