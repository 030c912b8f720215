"""Ensembles of forecasts at stations made into calibrated distributions, by a mixture of experts.

Where to look: ``gridded`` (from fields to stations), ``table`` (what is known when a forecast is
issued), ``memory`` (of past errors), ``neighbours`` (what is known around);
experts: ``members``, ``climatology``, ``station_effects``, ``error_memory``, ``shifted_gamma``,
``forest``, ``fusion`` (a network); ``experts`` (their contract), ``chosen`` (which of them),
``mixture`` (gate and recalibration), ``walk`` (forward in time, so that nothing is judged on what
it was fitted to).
"""
