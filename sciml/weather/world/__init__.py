"""A generated world: a known truth, imperfect models of it, and stations that observe it."""
