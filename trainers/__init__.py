"""The engine: one training, worker groups that run trainings one after another, and the search over them."""
