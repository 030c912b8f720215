"""Language models of proteins: the architecture of ESM-2, its weights, and maps of attention."""
