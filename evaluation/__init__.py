"""Score models: evaluator, metrics, intervals, threshold and verdict."""
