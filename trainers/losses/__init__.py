"""The losses of sentence-transformers that pair tasks use, over the global batch of all workers."""
