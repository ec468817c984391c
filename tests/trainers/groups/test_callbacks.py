"""Test that the parts of Ray Train which a group leaves out are still those of the installed Ray."""

from ray.train.torch import TorchTrainer

from trainers.groups.worker_group import UNUSED, UNUSED_LOCALLY, Trainer


def test_only_callbacks_that_ray_has_are_left_out() -> None:
    """Where Ray renames one, its actor is back: seconds of a processor at every start of a group."""
    own, rays = Trainer(print), TorchTrainer(print)
    kept, there = ({type(each).__name__ for each in trainer._create_default_callbacks()} for trainer in (own, rays))
    assert there - kept == UNUSED | UNUSED_LOCALLY
