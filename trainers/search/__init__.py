"""The search: Ray Tune, Optuna's sampler and successive halving, on the worker groups."""
