"""The audit as jobs run it: with the base model, with a word on how far it is, kept for the next time."""

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.audit.audit import Audit, audit
from evaluation.audit.finding import CODES, Finding
from evaluation.audit.kept import kept_or_made
from evaluation.audit.plan import Plan, plan_of_files, plan_of_folder
from evaluation.audit.untuned import Untuned
from pairs.from_file import INFERRED, is_data_file
from pairs.inferred import Asked
from pairs.prepared import MANIFEST, refuse_changed
from reporting.findings import short_line
from reporting.progress import EncodingProgress, ReadingProgress
from tasks.common import storage
from tasks.common.loading import load
from tasks.common.mistakes import Mistakes, raise_if
from trainers.base_model import resolve_base_model


def plan_of(
    subject: str,
    data: str | None,
    columns: str | None,
    judging: Mapping[str, str],
    asked: Asked = INFERRED,
    **changes: Any,
) -> Plan:
    """What is to be audited: a file of pairs, a folder of prepared pairs, or those of a task.

    Args:
        judging: split -> file, beside a file of pairs.
        asked: what is said of a file of pairs.
        changes: global_batch_size and base_model, None for those declared.

    Raises:
        Mistakes: it is none of the three, options do not fit it, or prepared files were changed since.
    """
    is_file = columns is not None or is_data_file(subject)
    is_folder = not is_file and storage.is_file(storage.join(subject, MANIFEST))
    wrong = _misuse(subject, data, judging, is_file, is_folder, changes.get("global_batch_size"))
    if asked.options and not is_file:
        given = ", ".join(asked.options)
        wrong.append(f"{given}: {subject} is prepared; allowed: only with a file of pairs")
    raise_if(wrong)
    if is_file:
        named = columns.split(",") if columns else []
        return plan_of_files({"train": subject, **judging}, named, asked=asked, **changes)
    task = None if is_folder else load(subject, data)
    folder = subject if task is None else data or f"data/{task.name}"
    plan = plan_of_folder(folder, task, **changes)
    refuse_changed(folder)
    return plan


def _misuse(
    subject: str, data: str | None, judging: Mapping[str, str], is_file: bool, is_folder: bool, size: int | None
) -> list[str]:
    wrong = [] if size is None or size > 0 else [f"global_batch_size: {size} must be at least 1"]
    if data is not None and (is_file or is_folder):
        what = "a file of pairs" if is_file else "a folder of prepared pairs"
        wrong.append(f"data: {data}: {subject} is {what}; allowed: only with the name of a task")
    if judging and not is_file:
        named = ", ".join(judging.values())
        wrong.append(f"source: {named}: {subject} is prepared; allowed: only with a file of pairs")
    return wrong


def audited(plan: Plan, *, quiet: bool = False, with_model: bool = True) -> Audit:
    """What is to be said about these pairs.

    Raises:
        Mistakes: a file or the base model is not there.
    """

    base = resolve_base_model(plan.base_model) if with_model else None

    def make() -> Audit:
        with ReadingProgress(quiet=quiet) as read, EncodingProgress(quiet=quiet) as encoded:
            return audit(plan, read, Untuned(str(base.folder), plan.max_length, encoded) if base else None)

    return kept_or_made(plan, base.sha256() if base else None, make)


def accepted(plan: Plan, accept: Sequence[str], *, with_model: bool, quiet: bool) -> Audit:
    """The audit, if training may go on.

    Raises:
        Mistakes: every error that was not accepted.
    """
    found = audited(plan, quiet=quiet, with_model=with_model)
    raise_if(
        [
            f"data: {short_line(each.to_dict())}; to do: {CODES[each.code].advice}; allowed: --accept {each.code}"
            for each in refused(found, accept)
        ]
    )
    return found


def refused(found: Audit, accept: Sequence[str]) -> list[Finding]:
    """Errors that were not accepted."""
    return [each for each in found.findings if each.severity == "error" and each.code not in accept]


def check_codes(accept: Sequence[str]) -> None:
    """Before an audit, which may take minutes.

    Raises:
        Mistakes: a code that is none.
    """
    if unknown := [code for code in accept if code not in CODES]:
        raise Mistakes(f"accept: {', '.join(unknown)}; allowed: {', '.join(CODES)}")
