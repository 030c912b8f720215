"""Are the labels of a dataset what they are taken for?

* ``findings``: what a check says, as numbers and as text.
* ``pairs``: the work between two frames of the same atoms.
* ``work``: energies against forces and stresses; units, signs, orders, offsets.
* ``frames``: bad numbers, close atoms, net forces, energies per atom, outliers, copies.
* ``check``: all of them on a whole dataset.
* ``planted``: slips made on purpose, each of which the checks must name.
* ``consistency``: the stress of a potential against finite strain of its energy.
"""
