"""Audit the pairs before a command works with them: with the base model, with progress, cached for the next time."""

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
from models.loading import load_folder, remember_sound
from models.reading import max_length_of, positions_of, prompts_of
from models.soundness import try_model
from pairs.from_file import INFERRED, is_data_file
from pairs.labels.inferred import FileOptions
from pairs.manifest import MANIFEST
from pairs.prepared import refuse_changed
from reporting.findings import short_line
from reporting.progress import EncodingProgress, ReadingProgress, waiting
from tasks.common.loading import load
from tokens.reading import Reading, refuse_long_prompts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def plan_of(
    subject: str,
    data: str | None,
    columns: str | None,
    split_files: Mapping[str, str],
    options: FileOptions = INFERRED,
    group: str | None = None,
    **changes: Any,
) -> Plan:
    """Return the plan of an audit of a file of pairs, a folder of prepared pairs, or the pairs of a task.

    Args:
        subject: the file, the folder, or the task's name.
        data: the folder of a task's prepared pairs, None for its default.
        columns: the columns of a file of pairs, separated by commas; None to infer them.
        split_files: dev and test -> their files, beside a file of pairs.
        options: options about the labels of a file of pairs.
        group: the column of a file of pairs whose values no two splits should share.
        **changes: global_batch_size and base_model, None for the declared ones.

    Raises:
        Mistakes: the subject is none of the three, options do not fit it, or prepared files were changed.
    """
    is_file = columns is not None or is_data_file(subject)
    is_folder = not is_file and storage.is_file(storage.join(subject, MANIFEST))
    wrong = _misuse(subject, data, split_files, is_file, is_folder, changes.get("global_batch_size"))
    if options.names and not is_file:
        given = ", ".join(options.names)
        wrong.append(f"{given}: {subject} is prepared; allowed: only with a file of pairs")
    if group is not None and not is_file:
        wrong.append(f"group: {group}: {subject} is prepared and has its groups; allowed: only with a file of pairs")
    raise_if(wrong)
    if is_file:
        names = columns.split(",") if columns else []
        return plan_of_files({"train": subject, **split_files}, names, options=options, group=group, **changes)
    task = None if is_folder else load(subject, data)
    folder = subject if task is None else data or f"data/{task.name}"
    plan = plan_of_folder(folder, task, **changes)
    refuse_changed(folder)
    return plan


def _misuse(
    subject: str, data: str | None, split_files: Mapping[str, str], is_file: bool, is_folder: bool, size: int | None
) -> list[str]:
    wrong = [] if size is None or size > 0 else [f"global_batch_size: {size} must be at least 1"]
    if data is not None and (is_file or is_folder):
        what = "a file of pairs" if is_file else "a folder of prepared pairs"
        wrong.append(f"data: {data}: {subject} is {what}; allowed: only with the name of a task")
    if split_files and not is_file:
        files = ", ".join(split_files.values())
        wrong.append(f"source: {files}: {subject} is prepared; allowed: only with a file of pairs")
    return wrong


def audited(plan: Plan, *, quiet: bool = False, with_model: bool = True, trust_remote_code: bool = False) -> Audit:
    """Return the audit of these pairs, from the cache if they were audited before.

    Args:
        plan: what to audit.
        quiet: whether to hide progress.
        with_model: whether to run the checks that read with the base model.
        trust_remote_code: whether code that the model brings may run.

    Raises:
        Mistakes: a file or the base model is missing, or the model cannot be loaded.
    """
    base = resolve_base_model(plan.base_model, trust_remote_code) if with_model else None
    if base and plan.max_length is None:
        plan = read_as(plan, base)

    def run() -> Audit:
        with ReadingProgress(quiet=quiet) as read, EncodingProgress(quiet=quiet) as encoded:
            return audit(plan, read, lazy_base_model(plan, base, encoded, quiet=quiet) if base else None)

    return cached_audit(plan, base.sha256() if base else None, run)


def read_as(
    plan: Plan,
    base: ResolvedModel | None = None,
    max_length: int | None = None,
    prompt1: str | None = None,
    prompt2: str | None = None,
    trust_remote_code: bool = False,
) -> Plan:
    """Return the plan with the length, prompts and positions that the base model reads with.

    Args:
        plan: what to audit.
        base: the resolved base model; None to resolve the plan's.
        max_length: tokens per text; None for the task's, or else the model's.
        prompt1: prompt before first texts; None for the model's.
        prompt2: prompt before second texts; None for the model's.
        trust_remote_code: whether code that the model brings may run.

    Raises:
        Mistakes: see `max_length_of`, `prompts_of` and `refuse_long_prompts`; or the base model is missing.
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
    """Return a base model for the audit of this plan, which loads it only if a check needs it."""

    def read() -> Reading:
        return base.reading(plan.max_length, plan.prompts)

    def load() -> "SentenceTransformer":
        folder, trusted = str(base.folder), base.trust_remote_code
        with waiting("loading the base model", quiet=quiet):
            model = load_folder(folder, max_length=plan.max_length, trust_remote_code=trusted, name=base.name)
            try_model(model, folder, "base-model", base.name, read())
        remember_sound(folder, trusted)
        return model

    return LazyBaseModel(read, load, on_progress)


def accepted(
    plan: Plan, accept: Sequence[str], *, with_model: bool, quiet: bool, trust_remote_code: bool = False
) -> Audit:
    """Return the audit, see `audited`, if it has no error besides the accepted codes.

    Raises:
        Mistakes: every error that was not accepted.
    """
    result = audited(plan, quiet=quiet, with_model=with_model, trust_remote_code=trust_remote_code)
    raise_if(
        [
            f"data: {short_line(error.to_dict())}; to do: {CODES[error.code].advice}; allowed: --accept {error.code}"
            for error in refused(result, accept)
        ]
    )
    return result


def refused(result: Audit, accept: Sequence[str]) -> list[Finding]:
    """Return the errors that were not accepted."""
    return [finding for finding in result.findings if finding.severity == "error" and finding.code not in accept]


def check_codes(accept: Sequence[str]) -> None:
    """Check the values of --accept, before an audit that may take minutes.

    Raises:
        Mistakes: a code does not exist.
    """
    if unknown := [code for code in accept if code not in CODES]:
        raise Mistakes(f"accept: {', '.join(unknown)}; allowed: {', '.join(CODES)}")
