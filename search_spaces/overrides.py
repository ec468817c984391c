"""Read what a user sets: one value, a list of choices, or a range."""

import math
from collections.abc import Sequence

from common.mistakes import Mistakes
from common.space import Choice, Range, Setting
from tasks.common.declaration import WHOLE
from tasks.common.kinds import Kind, fits
from tasks.common.losses import LOSSES, SHARED_PARAMETERS, LossName


def losses_in(overrides: Sequence[str], kind: Kind) -> tuple[LossName, ...]:
    """Return the losses of the last --set loss=A,B; () if it is not given.

    Raises:
        Mistakes: a loss is not known, or needs categories where a model is judged otherwise.
    """
    given = [override.partition("=")[2] for override in overrides if override.partition("=")[0] == "loss"]
    if not given:
        return ()
    names = [name.strip() for name in given[-1].split(",")]
    allowed = [loss.name for loss in LOSSES.values() if fits(loss, kind)]
    wrong = [name for name in names if name not in allowed]
    if wrong:
        raise Mistakes(
            f"set: 'loss={given[-1]}' has {', '.join(map(repr, wrong))}; allowed for {kind.name} pairs: "
            f"{', '.join(allowed)}"
        )
    return tuple(dict.fromkeys(LOSSES[name].name for name in names))


def parse(override: str, names: Sequence[str]) -> tuple[str, Range | Choice] | None:
    """Return the name and the allowed values of NAME=VALUE, NAME=A,B,C or NAME=LOW:HIGH; None for loss=NAME.

    Args:
        override: as given with --set.
        names: of the settings in the space.

    Raises:
        Mistakes: no such setting, no value, or values that are none.
    """
    name, _, text = override.partition("=")
    if name not in names or not text:
        known = ", ".join(sorted((*names, "max_length")))
        raise Mistakes(f"set: {override!r} is not NAME=VALUE with a name of {known}")
    if name == "loss":
        return None  # see losses_in
    values = [_value(override, name, part) for part in text.replace(":", ",").split(",")]
    if ":" not in text:
        return name, Choice(values=tuple(dict.fromkeys(values)))
    if len(values) != 2 or any(isinstance(value, str) for value in values) or values[0] >= values[1]:  # type: ignore[operator]
        raise Mistakes(f"set: {override!r} must be {name}=LOW:HIGH with LOW below HIGH")
    if name in WHOLE:
        raise Mistakes(f"set: {override!r} must list whole numbers ({name}=8,16,32), not a range")
    low, high = map(float, values)
    return name, Range(low=low, high=high, log=low > 0 and high / low >= 10)


def _value(override: str, name: str, text: str) -> Setting:
    known = {**SHARED_PARAMETERS, **{own: each for loss in LOSSES.values() for own, each in loss.parameters.items()}}
    words = known[name].words if name in known else ()
    if text.strip() in words:
        return text.strip()
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        also = f" nor one of {', '.join(words)}" if words else ""
        raise Mistakes(f"set: {override!r} holds {text!r}, which is not a finite number{also}")
    return number
