"""Natural cavitation behind a disk, simulated with OpenFOAM: cases, runner, reader, judgement.

OpenFOAM is optional: everything but the runner works without it.
"""
