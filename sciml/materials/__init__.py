"""Interatomic potentials: energy, force and stress of atoms over temperature and pressure.

Where things are:

* ``structures``: atoms with labels; the door to ASE and pymatgen.
* ``extended_xyz``, ``datasets``: structures from files, and by the name of their dataset.
* ``own_crystals``: a crystal by its structure, elements and edge, or from a file.
* ``splits``: twin-free, beyond a temperature, pressure or strain, held out.
* ``mlearn_files``, ``published_frames``: frames of published datasets, in one form.
* ``neighbours``: who is near whom, under any periodicity.
* ``potential``: the contract of every potential.
* ``calculator``: any potential as a calculator of ASE.
* ``labels``, ``label_tasks``: whether labels are what they are taken for, without any model.
* ``accuracy``: errors by part of the data and by group.
* ``committee``, ``calibration``: several potentials as one, and whether they know their errors.
* ``properties``: rest, compression, elasticity, phonons, dynamics, diffusion by any potential.
* ``tasks``, ``property_tasks``: the recipes that train, and that compare with the truth.
* ``potential_training``: what recipes that train have in common; goes on from any potential.
* ``distillation``, ``distillation_tasks``: frames that a potential labels for another to learn.
* ``trained``: where the potential of a recipe is.
* ``figures``: what the notebooks show.
* ``ace``: the atomic cluster expansion with learned channels, and how it is trained.
* ``zbl``: the repulsion of nuclei, for atoms that nearly touch.
* ``elements``: symbols, masses and radii.
* ``lammps``: our potentials in LAMMPS, and its own as labellers; ``pip install 'sciml[lammps]'``.
* ``paddle_models``: any model in Paddle, for LAMMPS.
* ``simulated_crystals``: silicon and silicon carbide over temperature and pressure, embedded.

Units are eV, Å and ps; a stress is in eV/Å³, positive in tension, in the order
xx, yy, zz, yz, xz, xy.
"""
