"""From files of rows to prepared pairs, and from these to batches of token ids."""
