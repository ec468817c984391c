"""Test every task in tasks/, and the details of the generated one."""

import json
import re
from collections import Counter

import pytest

from tasks._invoice_generator import invoices
from tasks.common.declaration import Blocking, Number, Row, Task
from tasks.common.loading import load, names, to_dict
from tasks.invoices import blocking_keys, text

SHAPED: dict[str, tuple[Row, Row]] = {
    "job_skills": (
        {"Job Title": "Baker", "Job Description": "Bakes bread.", "skills": "Kneading"},
        {"sentence1": "Bakes bread.", "sentence2": "Kneading", "group": "Baker"},
    ),
    "nli": (
        {"premise": "A man sleeps.", "hypothesis": "A man is awake.", "label": "2"},
        {"sentence1": "A man sleeps.", "sentence2": "A man is awake.", "label": 0.0, "group": "A man sleeps."},
    ),
    "pages": (
        {"page_name": "Law", "section_title": "Courses", "text_chunk": "You read."},
        {"text": "Courses. You read.", "identity": "You read.", "group": "Law"},
    ),
    "tickets": (
        {"Document": "no screen", "Topic_group": "Hardware"},
        {"text": "no screen", "category": "Hardware", "group": "no screen"},
    ),
}


def test_the_five_tasks_are_there() -> None:
    assert set(names()) >= {"invoices", "job_skills", "nli", "pages", "tickets"}


@pytest.mark.parametrize("name", names())
def test_a_task_is_called_like_its_file_and_every_number_has_an_origin(name: str) -> None:
    task = load(name)
    assert task.name == name
    numbers = [*task.baseline.values(), *([task.max_length] if task.max_length else [])]
    numbers += [value for value in vars(task.recipe).values() if isinstance(value, Number)]
    assert len(numbers) >= 5
    assert all(re.match(r"card|default|ours|the base model's", number.origin) for number in numbers)


@pytest.mark.parametrize("name", names())
def test_a_declaration_can_be_written_as_json(name: str) -> None:
    written = json.loads(json.dumps(to_dict(load(name))))
    assert written["name"] == name
    assert written["made_from"] in ("code", "generator")
    assert written["metric"] == load(name).metric


@pytest.mark.parametrize("name", sorted(SHAPED))
def test_a_raw_row_is_shaped(name: str) -> None:
    raw, shaped = SHAPED[name]
    assert load(name).layouts[0].shape(raw) == shaped


def test_every_task_with_a_layout_has_a_shaped_example() -> None:
    assert {name for name in names() if load(name).layouts} == set(SHAPED)


def test_the_two_nli_layouts_mean_the_same() -> None:
    with_header, without = load("nli").layouts
    row = {"premise": "a", "hypothesis": "b"}
    for first, second, meaning in (("0", "3", 1.0), ("1", "1", 0.5), ("2", "2", 0.0)):
        for layout, label in ((with_header, first), (without, second)):
            shaped = layout.shape(row | {"label": label})
            assert shaped is not None
            assert shaped["label"] == meaning
    assert with_header.shape(row | {"label": "-1"}) is None


@pytest.mark.parametrize(("rows", "duplicates"), [(6_000, 600), (1_320, 120), (60, 6)])
def test_a_tenth_of_the_invoices_are_duplicates(rows: int, duplicates: int) -> None:
    made = invoices(rows, seed=42)
    sizes = Counter(Counter(invoice.entity for invoice in made).values())
    assert len(made) == rows
    assert sizes[2] == duplicates
    assert sizes[1] == rows - 2 * duplicates


def test_invoices_are_a_function_of_the_seed() -> None:
    assert invoices(300, seed=1) == invoices(300, seed=1)
    assert invoices(300, seed=1) != invoices(300, seed=2)


def test_a_duplicate_never_repeats_its_original_and_every_field_is_distorted_somewhere() -> None:
    by_entity: dict[str, list[object]] = {}
    changed: Counter[str] = Counter()
    for invoice in invoices(6_000, seed=42):
        by_entity.setdefault(invoice.entity, []).append(invoice)
    for first, second in (pair for pair in by_entity.values() if len(pair) == 2):
        different = [name for name in vars(first) if getattr(first, name) != getattr(second, name)]
        assert different
        changed.update(different)
    expected = {"vendor", "legal_form", "date", "amount", "currency", "purchase_order", "cost_centre", "description"}
    assert expected <= set(changed)


def test_near_misses_share_vendor_and_description_but_are_other_invoices() -> None:
    entities: dict[tuple[str, str, str], set[str]] = {}
    for invoice in invoices(1_320, seed=42):
        entities.setdefault((invoice.vendor_id, invoice.description, invoice.cost_centre), set()).add(invoice.entity)
    assert sum(len(group) > 1 for group in entities.values()) > 100


def test_an_invoice_is_one_text_with_all_its_fields() -> None:
    invoice = invoices(10, seed=42)[0]
    assert all(str(value) in text(invoice) for name, value in vars(invoice).items() if name != "entity")
    assert len(blocking_keys(invoice)) == 5


def test_the_blocking_task_is_the_generated_one() -> None:
    task: Task = load("invoices")
    assert isinstance(task.recipe, Blocking)
    assert task.generate is not None
    assert set(next(iter(task.generate(20, 1)))) == {"text", "group", "keys"}
