"""Tasks of PWNet: a FASTA file and a table of labels to one file."""

from sciml.protein.set_files import join_tables as join

__all__ = ["join"]
