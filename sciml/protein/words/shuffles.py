"""Proteins without meaning: shuffled, with every pair of neighbours kept as often as it was."""

import numpy as np

from sciml.protein.alphabet import UNKNOWN, Codes


def shuffled(codes: Codes, draw: np.random.Generator) -> Codes:
    """A random order of residues in which each pair of neighbours is as frequent as before.

    All such orders are equally likely.

    Args:
        codes: A protein. Shape (residue,).
        draw: Source of randomness.

    Returns:
        The shuffled protein; first and last residue stay. Shape (residue,).

    Source:
        Altschul & Erickson, Significance of nucleotide sequence alignments: a method for random
        sequence permutation that preserves dinucleotide and codon usage, Mol. Biol. Evol. 2, 526
        (1985). The tree is drawn by the walk of Wilson (1996), which draws all trees alike.
    """
    if len(codes) < 3:
        return codes.copy()
    followers = [codes[1:][codes[:-1] == letter] for letter in range(UNKNOWN + 1)]
    last = _last_steps(followers, int(codes[-1]), draw)
    ways = []
    for letter, after in enumerate(followers):
        order = draw.permutation(after)
        if letter in last:  # the step that is taken last must lead on to the end
            place = int(np.flatnonzero(order == last[letter])[0])
            order = np.append(np.delete(order, place), order[place])
        ways.append(iter(order))
    found = [int(codes[0])]
    for _ in range(len(codes) - 1):
        found.append(int(next(ways[found[-1]])))
    return np.array(found, np.uint8)


def _last_steps(followers: list[Codes], end: int, draw: np.random.Generator) -> dict[int, int]:
    """For each letter but the last one a step, so that all of them lead to the last one."""
    step: dict[int, int] = {}
    for letter, after in enumerate(followers):
        here = letter
        if len(after) == 0:
            continue
        walk: dict[int, int] = {}
        while here != end and here not in step:
            walk[here] = int(draw.choice(followers[here]))  # a later visit erases the loop
            here = walk[here]
        here = letter
        while here != end and here not in step:
            step[here] = walk[here]
            here = walk[here]
    return step
