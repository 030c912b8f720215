"""What every other part stands on: shapes, errors, units, seeds, settings, process settings."""
