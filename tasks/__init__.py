"""Hold one file per task: each declares a `Task` named `task` and is listed nowhere else."""
