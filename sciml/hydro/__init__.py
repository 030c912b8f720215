"""Unsteady and ventilated-cavity hydrodynamics at water-tunnel scale.

Where to look:

- steady relations: ``cavity``, ``bubble``, ``gas_loss``, ``reentrant``
- section model: ``sections`` (a run), ``section_ensemble`` (thousands), ``section_twin`` (with
  gradients), behind them ``section_kernel``, ``section_ledger``, ``section_adjoint``, ``clock``
- stability: ``stability`` (roots and thresholds), ``oscillation`` (the same by simulation)
- computed flow: ``openfoam``
- runs to learn from: ``cases``, ``histories`` (simulated), ``loads`` (measured)
- filters: ``filters`` (Kalman, extended, unscented, ensemble, smoother)
- forecasters: ``forecast`` (the contract, persistence, autoregression), ``dmd``, ``lstm`` and
  ``lstm_step``, ``learned_gain`` with ``gain_model``; hybrids: ``hybrid`` (waves: ``harmonics``,
  ``regression``) and ``section_hybrid`` (cavities), both with ``shares``; ``calibration``
- correction of the theory: ``identification`` with ``identification_problem``,
  ``parameter_filter``, ``cavity_growth``, ``residual_correction``, ``residual_network``
- ``figures`` and ``tasks``: what notebooks show and recipes run
"""
