"""Conserved residues: a FASTA file and a table of annotations to one file."""

from sciml.protein.set_files import join_tables as join

__all__ = ["join"]
