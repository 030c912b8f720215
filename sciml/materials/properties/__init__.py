"""What a potential says of a material: crystals, their vibrations, and atoms in motion.

Everything here takes any :class:`sciml.materials.potential.Potential`, learnt or known, so that the
two can be compared number by number.

* ``relaxation``: atoms and cells at rest under a given pressure.
* ``equation_of_state``: energy, volume and enthalpy over pressure; bulk modulus.
* ``elasticity``: elastic constants at any pressure, their symmetry and stability.
* ``phonons``: vibrations, what they hold of heat, and thermal expansion from them.
* ``dynamics``: motion at given energy, temperature or pressure.
* ``averages``: means with errors that know of memory.
* ``radial_distribution``: how atoms stand about an atom.
* ``diffusion``: how far atoms wander.
* ``comparison``: the same properties by several potentials, side by side.
"""
