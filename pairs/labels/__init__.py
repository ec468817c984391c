"""Find out what the labels of a file mean, and which loss and kind of evaluation follow from them."""
