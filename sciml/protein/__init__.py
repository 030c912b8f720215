"""A vocabulary of proteins: words, continuous and not, from the attention of language models."""
