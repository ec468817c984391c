"""Building blocks without knowledge of tasks or models: storage, files of a run, mistakes of a user."""
