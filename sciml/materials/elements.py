"""Facts about elements: symbols, masses and radii, from the tables of ASE."""

from collections.abc import Iterable

from sciml.core.errors import BadInput


def symbol(number: int) -> str:
    """The symbol of an element.

    Args:
        number: Atomic number, 1 for hydrogen.

    Returns:
        Such as ``"Si"``.

    Raises:
        BadInput: if there is no such element.
    """
    from ase.data import chemical_symbols

    if not 1 <= number < len(chemical_symbols):
        raise BadInput(f"atomic number {number}: expected 1 to {len(chemical_symbols) - 1}.")
    return str(chemical_symbols[number])


def atomic_number(name: str) -> int:
    """The atomic number of an element.

    Args:
        name: Its symbol, such as ``"Si"``.

    Returns:
        1 for hydrogen.

    Raises:
        BadInput: if no element has that symbol.
    """
    from ase.data import atomic_numbers

    if name not in atomic_numbers or name == "X":
        raise BadInput(f"element '{name}': no such symbol; write it as in 'Si' or 'C'.")
    return int(atomic_numbers[name])


def atomic_mass(number: int) -> float:
    """Standard atomic mass of an element, g/mol, as ASE has it from IUPAC.

    Raises:
        BadInput: if there is no such element.
    """
    from ase.data import atomic_masses

    symbol(number)
    return float(atomic_masses[number])


def covalent_radius(number: int) -> float:
    """Covalent radius of an element, Å.

    Raises:
        BadInput: if there is no such element.

    Source:
        Cordero et al., Dalton Trans. 2832 (2008), as ASE has it.
    """
    from ase.data import covalent_radii

    symbol(number)
    return float(covalent_radii[number])


def unknown_elements(numbers: Iterable[int], known: Iterable[int]) -> str:
    """Symbols of the elements that are not among the known ones, for error texts.

    Args:
        numbers: Atomic numbers that were met.
        known: Atomic numbers that are allowed.

    Returns:
        Such as ``"C, Ge"``; empty if all are known.
    """
    return ", ".join(symbol(int(n)) for n in sorted({int(n) for n in numbers} - set(known)))
