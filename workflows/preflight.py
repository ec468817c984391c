"""The audit as jobs run it: with the base model, with a word on how far it is, kept for the next time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audit.base_model import LazyBaseModel
from audit.cache import cached_audit
from audit.finding import CODES, Finding
from audit.plan import Plan, plan_of_files, plan_of_folder
from audit.run import Audit, audit
from common import storage
from common.mistakes import Checks, Mistakes, raise_if
from models.base_model import ResolvedModel, resolve_base_model
from models.encode import OnProgress
from models.loading import found_sound, load_folder
from models.reading import max_length_of, positions_of, prompts_of
from models.soundness import try_model
from pairs.from_file import INFERRED, is_data_file
from pairs.inferred import FileOptions
from pairs.manifest import MANIFEST
from pairs.prepared import refuse_changed
from pairs.reading import Reading, refuse_long_prompts
from reporting.findings import short_line
from reporting.progress import EncodingProgress, ReadingProgress, waiting
from tasks.common.loading import load

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def plan_of(
    subject: str,
    data: str | None,
    columns: str | None,
    judging: Mapping[str, str],
    asked: FileOptions = INFERRED,
    group: str | None = None,
    **changes: Any,
) -> Plan:
    """What is to be audited: a file of pairs, a folder of prepared pairs, or those of a task.

    Args:
        judging: split -> file, beside a file of pairs.
        asked: what is said of a file of pairs.
        group: the column of a file of pairs that holds what no two splits should share.
        changes: global_batch_size and base_model, None for those declared.

    Raises:
        Mistakes: it is none of the three, options do not fit it, or prepared files were changed since.
    """
    is_file = columns is not None or is_data_file(subject)
    is_folder = not is_file and storage.is_file(storage.join(subject, MANIFEST))
    wrong = _misuse(subject, data, judging, is_file, is_folder, changes.get("global_batch_size"))
    if asked.names and not is_file:
        given = ", ".join(asked.names)
        wrong.append(f"{given}: {subject} is prepared; allowed: only with a file of pairs")
    if group is not None and not is_file:
        wrong.append(f"group: {group}: {subject} is prepared and has its groups; allowed: only with a file of pairs")
    raise_if(wrong)
    if is_file:
        named = columns.split(",") if columns else []
        return plan_of_files({"train": subject, **judging}, named, options=asked, group=group, **changes)
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


def audited(plan: Plan, *, quiet: bool = False, with_model: bool = True, trust_remote_code: bool = False) -> Audit:
    """What is to be said about these pairs.

    Raises:
        Mistakes: a file or the base model is not there, or it cannot be loaded.
    """
    base = resolve_base_model(plan.base_model, trust_remote_code) if with_model else None
    if base and plan.max_length is None:
        plan = read_as(plan, base)

    def make() -> Audit:
        with ReadingProgress(quiet=quiet) as read, EncodingProgress(quiet=quiet) as encoded:
            return audit(plan, read, lazy_base_model(plan, base, encoded, quiet=quiet) if base else None)

    return cached_audit(plan, base.sha256() if base else None, make)


def read_as(
    plan: Plan,
    base: ResolvedModel | None = None,
    max_length: int | None = None,
    prompt1: str | None = None,
    prompt2: str | None = None,
    trust_remote_code: bool = False,
) -> Plan:
    """The plan with what decides how the base model reads; None: the task's own, else the model's.

    Args:
        base: None: the plan's, resolved here.

    Raises:
        Mistakes: see `max_length_of`, `prompts_of` and `refuse_long_prompts`; or the base model is not there.
    """
    base = base or resolve_base_model(plan.base_model, trust_remote_code)
    checks = Checks()
    length = checks.run(max_length_of, base.folder, max_length, plan.max_length)
    prompts = checks.run(prompts_of, base.folder, prompt1, prompt2)
    checks.finish()
    assert prompts is not None
    if any(prompts):
        refuse_long_prompts(base.reading(length, prompts))
    return replace(plan, max_length=length, prompts=prompts, positions=positions_of(base.folder))


def lazy_base_model(plan: Plan, base: ResolvedModel, on_progress: OnProgress, *, quiet: bool = True) -> LazyBaseModel:
    """The base model as an audit of this plan asks it."""

    def read() -> Reading:
        return base.reading(plan.max_length, plan.prompts)

    def load() -> "SentenceTransformer":
        folder, trusted = str(base.folder), base.trust_remote_code
        with waiting("loading the base model", quiet=quiet):
            model = load_folder(folder, max_length=plan.max_length, trust_remote_code=trusted, name=base.name)
            try_model(model, folder, "base-model", base.name, read())
        found_sound(folder, trusted)
        return model

    return LazyBaseModel(read, load, on_progress)


def accepted(
    plan: Plan, accept: Sequence[str], *, with_model: bool, quiet: bool, trust_remote_code: bool = False
) -> Audit:
    """The audit, if training may go on.

    Raises:
        Mistakes: every error that was not accepted.
    """
    found = audited(plan, quiet=quiet, with_model=with_model, trust_remote_code=trust_remote_code)
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
