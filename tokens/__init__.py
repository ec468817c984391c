"""Turn prepared pairs into batches of token ids, as the model reads them."""
