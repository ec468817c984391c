"""Methods that cost seconds and that a trained model has to beat, fitted on train alone."""
