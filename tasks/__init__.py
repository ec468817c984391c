"""One file per task. A task file declares one `Task` named `task`; nothing else has to know about it."""
