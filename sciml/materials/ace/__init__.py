"""The atomic cluster expansion with learned radial channels, and how it is trained.

The way from positions to an energy, one module a step:

* ``radial``: functions of the distance, zero and smooth at the cutoff.
* ``harmonics``: functions of the direction.
* ``edges``: the pairs of many structures as one set of arrays.
* ``moments``: sums over neighbours, their forces and their rates of change.
* ``couplings``: products of moments that no rotation changes.
* ``mixing``: learnt channels, weighted sums of moments.
* ``messages``: the moments of a second layer, which counts neighbours by what they have seen.
* ``invariants``: those products for all channels, with first and second derivatives by hand.
* ``core``: the repulsion of nuclei beneath the learnt energy.
* ``model``: the readout, and the potential as it is used: no Paddle, no derivative by machine.
* ``file``, ``description``, ``tables``: a potential as one file that describes itself.
* ``reference``: energies, forces and stresses from that file alone, by plain NumPy.
* ``grade``: how far an atom's surroundings are from those of the training.
* ``jacobian``, ``start``: the best linear energy by least squares, and random weights.
* ``refit``: the linear part of a trained potential once more, by least squares.
* ``fine_tuning``: a trained potential as a start, for other elements and other labels.
* ``frames``, ``layer``: batches, and the weights as a Paddle layer with its loss.

No step needs a second derivative from Paddle. The forces are F = -∂E/∂x, so the gradient of a
loss L(F) by the weights is that of the rate at which E changes when the atoms move along
-∂L/∂F: one forward derivative written out, one backward derivative taken.

Source:
    Drautz, Phys. Rev. B 99 (2019) 014104; Batatia et al., NeurIPS 2022 (products within a channel).
"""
