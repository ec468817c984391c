"""Test what a user may give as the purpose of a threshold."""

import pytest

from common.mistakes import Mistakes
from evaluation.purpose import Purpose
from tasks.common.kinds import KINDS


@pytest.mark.parametrize(
    ("text", "name", "share"),
    [
        ("f1", "f1", None),
        ("precision=0.98", "precision", 0.98),
        ("recall=0.95", "recall", 0.95),
        ("recall=1", "recall", 1),
    ],
)
def test_a_purpose_is_read_and_written_as_the_same_purpose(text: str, name: str, share: float | None) -> None:
    purpose = Purpose.parse(text)
    assert (purpose.name, purpose.share) == (name, share)
    assert Purpose.parse(str(purpose)) == purpose


WRONG = ["precision=98", "precision=1", "precision=0", "precision=nan", "precision=", "precision", "recal=0.9", ""]


@pytest.mark.parametrize("text", [*WRONG, "recall=1.01", "recall=-0.5", "f1=0.9", "share=0.5", "recall=0.9=0.8"])
def test_any_other_text_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(Mistakes, match=r"is not allowed: input should be f1, precision=SHARE .* or recall=SHARE"):
        Purpose.for_kind(text, KINDS["binary"])


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if not kind.threshold], ids=lambda kind: kind.name)
def test_a_kind_without_a_threshold_has_no_purpose(kind: object) -> None:
    assert Purpose.for_kind(None, kind) is None  # type: ignore[arg-type]
    with pytest.raises(Mistakes, match=r"does not decide whether one pair .* allowed: for kind binary alone"):
        Purpose.for_kind("recall=0.9", kind)  # type: ignore[arg-type]
