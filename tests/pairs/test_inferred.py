"""Test loss and kind of a file of pairs: guessed meanings of labels, options for them, what fits together."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from common.mistakes import Mistakes
from pairs.from_file import layout_of, table_of, task_from_file
from pairs.inferred import SAID, FileOptions, Held, go_together, infer
from pairs.labels import guesses
from pairs.prepare import prepare
from pairs.views import View
from tasks.common.declaration import AgainstCategory, Task
from tasks.common.kinds import KINDS
from tasks.common.label_rule import label_name, label_rule
from tasks.common.loading import from_dict, to_dict
from tasks.common.losses import LOSSES
from tasks.common.plain import PairColumns

COLUMNS = ["question", "answer", "label"]


def file_with(tmp_path: Path, labels: Sequence[str], rows: int = 60) -> str:
    lines = [f'question {n},answer {n},"{labels[n % len(labels)]}"' for n in range(rows)]
    (tmp_path / "pairs.csv").write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
    return str(tmp_path / "pairs.csv")


def task(location: str, columns: Sequence[str] = COLUMNS, **asked: object) -> Task:
    rule = label_rule(**{name: asked.pop(name) for name in ("scale", "labels", "drop") if name in asked})  # type: ignore[arg-type]
    return task_from_file(location, columns, FileOptions(rule=rule, **asked))  # type: ignore[arg-type]


ASKED = [
    (["-1", "0", "1"], ["--drop-label", "-1"]),
    (["-1", "0", "1"], ["--scale", "-1:1"]),
    (["-1", "0.2", "0.9"], ["--drop-label", "-1"]),
    (["-1", "1"], ["--labels", "-1=0,1=1"]),
    (["-1", "0"], ["--labels", "0=1,-1=0"]),
    (["0", "1", "2"], ["--labels", "0=1,1=0.5,2=0"]),
    (["0.0", "1.0", "2.0"], ["--labels", "2=1,1=0.5,0=0"]),
    (["-1", "0", "1", "2"], ["--labels", "0=1,1=0.5,2=0", "--drop-label", "-1"]),
    (["1", "2", "3"], ["--labels", "3=1,1=0.5,2=0"]),
    (["1", "2"], ["--labels", "2=1,1=0"]),
    (["entailment", "neutral", "contradiction"], ["--labels", "entailment=1,neutral=0.5,contradiction=0"]),
    (["entailment", "contradiction", "-"], ["--labels", "entailment=1,contradiction=0", "--drop-label", "-"]),
    (["entails", "neutral"], ["--labels", "entails=1,neutral=0"]),
    (["No", "Yes"], ["--labels", "yes=1,no=0"]),
    (["false", "true"], ["--labels", "true=1,false=0"]),
    (["duplicate", "not_duplicate"], ["--labels", "duplicate=1,not_duplicate=0"]),
    (["Irrelevant", "relevant"], ["--labels", "relevant=1,irrelevant=0"]),
    (["duplicate", ""], ["--labels", "duplicate=1,=0"]),
    (["exact", "irrelevant", "substitute"], ["--labels", "exact=1,substitute=0.5,irrelevant=0"]),
    (["foo", "bar"], ["--labels", "bar=1,foo=0"]),
    (["0", "1", "yes", "no"], ["--labels", "yes=1,no=0,0=0,1=1"]),
    (["0", "1", ""], ["--drop-label", ""]),
    (["0", "2.5", "5"], ["--scale", "0:5"]),
    (["1", "2", "3", "4", "5"], ["--scale", "1:5"]),
    (["1.2", "4.5"], ["--scale", "0:5"]),
    (["0", "55", "97"], ["--scale", "0:100"]),
    (["85%", "7 %"], ["--scale", "0:100"]),
    (["0,5", "4,5"], ["--scale", "0:5"]),
    (["0.5", "1.0000001192092896"], ["--scale", "-1:1"]),
    (["-0.5", "0.5", "1.0000002"], ["--scale", "-1:1"]),
    (["-0,5", "0,5", "0,9"], ["--scale", "-1:1"]),
    (["1 stars", "2 stars", "3 stars"], ["--labels", "3 stars=1,2 stars=0.5,1 stars=0"]),
    ([f"{n}/12" for n in range(13)], ["--scale", "0:1"]),
    (["★", "★★", "★★★"], ["--labels", "★★★=1,★★=0.5,★=0"]),
    (["FALSCH", "WAHR"], ["--labels", "wahr=1,falsch=0"]),
    (["relevant", "not relevant", "highly relevant"], ["--labels", "highly relevant=1,relevant=0.5,not relevant=0"]),
    (["agree", "strongly disagree", "disagree"], ["--labels", "agree=1,disagree=0.5,strongly disagree=0"]),
    (["-5", "0", "4"], ["--scale", "-5:5"]),
    (["3", "700"], ["--scale", "3:700"]),
    (["same"], ["--columns", "question,answer"]),
    (["3"], ["--columns", "question,answer"]),
    (["85%", "-7 %", "300"], ["--scale", "-300:300"]),
    (["3", "123456.789"], ["--scale", "3:123456.789"]),
    ([f"kind {n}" for n in range(20)], ["--columns", "question,answer"]),
    (["1"], ["--columns", "question,answer"]),
]


@pytest.mark.parametrize(("labels", "options"), ASKED)
def test_labels_that_may_mean_something_else_are_asked_about(
    tmp_path: Path, labels: list[str], options: list[str]
) -> None:
    """With the command that reads them so; that command goes through."""
    location, advised = file_with(tmp_path, labels), list[list[str]]()

    def command(given: Sequence[str]) -> str:
        advised.append(list(given))
        return "the command"

    with pytest.raises(Mistakes) as caught:
        task_from_file(location, COLUMNS, FileOptions(command=command))
    assert options in advised
    for given in advised:
        named = dict(zip(given[::2], given[1::2], strict=True))
        drop = [value for name, value in zip(given[::2], given[1::2], strict=True) if name == "--drop-label"]
        columns = named.get("--columns", ",".join(COLUMNS)).split(",")
        assert task(
            location, columns, scale=named.get("--scale"), labels=named.get("--labels"), drop=drop
        ).inferred_from
    assert all(label_name(label) in str(caught.value) for label in labels[:2])


def test_one_slip_among_many_is_named_with_its_row(tmp_path: Path) -> None:
    location = file_with(tmp_path, ["0", "1"] * 100 + ["7"], rows=201)
    with pytest.raises(Mistakes, match=r"row 201 of .* has '7'(.|\n)*slips \(1 of 201 rows\)(.|\n)*--drop-label 7"):
        task_from_file(location, COLUMNS)


@pytest.mark.parametrize("labels", [["0", "1"], ["-0.3", "0.5", "1"], ["-1", "-0.5", "1"], ["0", "0.5", "1"]])
def test_labels_that_are_clear_are_not_asked_about(labels: list[str]) -> None:
    assert guesses(Counter(map(label_name, labels * 20))) == []


def test_what_is_advised_reads_every_label() -> None:
    draw = random.Random(0)
    known = [
        "0",
        "1",
        "2",
        "3",
        "7",
        "-1",
        "-5",
        "0.5",
        "-0.5",
        "100",
        "1e300",
        "yes",
        "no",
        "not_yes",
        "entailment",
        "neutral",
        "85%",
        "4,5",
        "-",
        "nan",
        "inf",
        "a=b",
        "x,y",
        "none",
    ]
    advised = 0
    for _ in range(3_000):
        labels = {label_name(label): draw.randint(1, 500) for label in draw.sample([*known, ""], draw.randint(1, 6))}
        for guess in guesses(labels):
            given = list(zip(guess.options[::2], guess.options[1::2], strict=True))
            drop = [value for name, value in given if name == "--drop-label"]
            rule = label_rule(dict(given).get("--scale"), dict(given).get("--labels"), drop)
            read = [rule(label) for label in labels if not rule.drops(label)]
            assert all(-1 <= float(number) <= 1 for number in read), (labels, guess)
            advised += 1
    assert advised > 500


def test_a_scale_is_linear_and_cosines_stay() -> None:
    assert [label_rule("0:5")(value) for value in ("0", 2.5, "5.0")] == [0.0, 0.5, 1.0]
    assert [label_rule("1:5")(value) for value in (1, 5)] == [0.0, 1.0]
    assert [label_rule("-1:1")(value) for value in (-1, 0.3)] == [-1.0, 0.3]


def test_rows_of_a_dropped_label_are_left_out_and_counted(tmp_path: Path) -> None:
    location = file_with(tmp_path, ["-1", "0", "1"])
    made = prepare(task(location, drop=["-1.0"]), {"train": location}, seed=1)
    assert made.manifest["table"]["dropped"] == {"label -1 (--drop-label)": 20}
    assert made.manifest["declaration"]["inferred_from"] == "labels 0 (20 rows), 1 (20 rows); left out: -1"
    assert sum(made.manifest["table"]["pairs"].values()) == 40


def test_words_are_read_by_their_meaning_in_every_file(tmp_path: Path) -> None:
    location = file_with(tmp_path, ["Yes", "no"])
    (tmp_path / "test.csv").write_text("question,answer,label\nx,y,yes\nv,w, NO \n")
    made = prepare(task(location, labels="yes=1,no=0"), {"train": location, "test": f"{tmp_path}/test.csv"}, seed=1)
    assert sorted(made.tables["test"].column("label").to_pylist()) == [0.0, 1.0]
    assert made.manifest["declaration"]["loss"] == "contrastive"


@pytest.mark.parametrize(
    ("labels", "asked", "message"),
    [
        (["0", "1"], {"scale": "5:0"}, "scale: '5:0'; allowed: LOWEST:HIGHEST"),
        (["0", "1"], {"scale": "a"}, "scale: 'a'; allowed"),
        (["0", "7"], {"scale": "0:5"}, "label: row 2 of .*: scale: a label is 7; allowed by --scale: 0 to 5"),
        (["0", "1"], {"labels": "yes"}, "labels: 'yes'; allowed: LABEL=NUMBER"),
        (["0", "1"], {"labels": "yes=2"}, "labels: yes=2; allowed: numbers from -1 to 1"),
        (["0", "1"], {"labels": "1=1,1.0=0"}, "names a label twice"),
        (["0", "1", "2"], {"labels": "0=0,2=1"}, r"has 1 \(20 rows\), too; allowed: .*\n.* --drop-label 1"),
        (["0", "1"], {"loss": "triplet"}, f"loss: 'triplet' is not one of {', '.join(LOSSES)}"),
        (["0", "1"], {"kind": "ranked"}, f"kind: 'ranked' is not one of {', '.join(KINDS)}"),
        (["0", "0.5"], {"loss": "ranking"}, "loss ranking .* labels from -1 to 1; allowed .*: cosine with graded"),
        (["0", "1"], {"loss": "ranking", "kind": "graded"}, "loss ranking with kind graded .*ranking with retrieval"),
    ],
)
def test_what_cannot_be_read_so(tmp_path: Path, labels: list[str], asked: dict[str, str], message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        task(file_with(tmp_path, labels), **asked)


def test_a_loss_that_reads_labels_makes_no_categories_of_answers(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="loss cosine does not fit no labels; allowed .*: ranking with retrieval"):
        task(file_with(tmp_path, ["0", "5"]), COLUMNS[:2], loss="cosine")
    assert task(file_with(tmp_path, ["0", "5"]), COLUMNS[:2], loss="cosine", kind="category").kind == "category"


def test_label_options_without_a_label_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="scale: --columns names no label"):
        task(file_with(tmp_path, ["0", "5"]), COLUMNS[:2], scale="0:5")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"loss": "cosine"}, ("cosine", "binary")),
        ({"loss": "ranking"}, ("ranking", "binary")),
        ({"kind": "graded"}, ("cosine", "graded")),
        ({"kind": "retrieval"}, ("contrastive", "retrieval")),
        ({"loss": "ranking", "kind": "retrieval"}, ("ranking", "retrieval")),
    ],
)
def test_what_is_not_given_stays_as_inferred_where_it_goes(
    tmp_path: Path, asked: dict[str, str], expected: tuple[str, str]
) -> None:
    made = task(file_with(tmp_path, ["0", "1"]), **asked)
    assert (made.loss, made.kind) == expected
    assert made.inferred_from.endswith("; ".join(f"{name} as asked for" for name in asked))


def together(held: Held) -> list[tuple[str, str]]:
    return [
        (loss.name, kind.name) for loss in LOSSES.values() for kind in KINDS.values() if go_together(loss, kind, held)
    ]


@pytest.mark.parametrize(
    ("held", "loss", "kind"),
    [(held, *pair) for held in SAID for pair in together(held)],
)
def test_every_loss_makes_pairs_for_every_kind_that_it_goes_with(
    tmp_path: Path, held: Held, loss: str, kind: str
) -> None:
    from evaluation.evaluator import Evaluator

    columns = [*COLUMNS[:2], *{"none": [], "negatives": ["negative"]}.get(held, ["label"])]
    beside = {"negatives": "answer to {0}", "graded": "{1:.1f}"}.get(held, "{2}")
    lines = [f"question {n},answer {n % 6},{beside.format(n, n * 7 % 5 % 2 / 2, n * 7 % 5 % 2)}" for n in range(120)]
    (tmp_path / "pairs.csv").write_text("\n".join([",".join([*columns, "more"][:3]), *lines]) + "\n")
    location = str(tmp_path / "pairs.csv")
    made = prepare(task(location, columns, loss=loss, kind=kind), {"train": location}, seed=1)
    candidates = made.tables["candidates"].column("text").to_pylist() if "candidates" in made.tables else None
    assert Evaluator(kind, made.tables["dev"], candidates).num_pairs
    train = View.of(LOSSES[loss]).read(made.tables["train"])
    assert ("label" in train.column_names) == (LOSSES[loss].labels != "none")
    by_category = held == "none" and kind == "category"
    assert made.tables["train"].column_names[2:] == {
        "none": ["label", "group"] if by_category else ["group"],
        "negatives": ["group", "negatives"],
    }.get(held, ["label", "group"])


def test_what_goes_together_is_what_the_files_labels_say() -> None:
    """Of the three losses that the published tasks use; another one that reads the same labels goes where they go."""
    ours = {"contrastive": "binary", "cosine": "graded", "ranking": "none"}
    assert {name: LOSSES[name].labels for name in ours} == ours
    every = {(loss, kind) for loss in ours for kind in ("binary", "category", "retrieval")}
    expected = {
        "none": {("ranking", "retrieval"), *((loss, "category") for loss in ours)},
        "negatives": {(loss, "retrieval") for loss in ours},
        "binary": {*every, ("cosine", "graded")},
        "graded": {("cosine", "graded")},
    }
    assert {held: {pair for pair in together(held) if pair[0] in ours} for held in SAID} == expected


def categories(
    tmp_path: Path, rows: int, second: int, name: str = "intent", text: str = "{}", first: str = "q {}"
) -> str:
    lines = [f"{first.format(n)},{text.format(f'kind {n % second}')}" for n in range(rows)]
    (tmp_path / "pairs.csv").write_text("\n".join([f"text,{name}", *lines]) + "\n")
    return str(tmp_path / "pairs.csv")


LONG = "an answer of many words, which one gives to all who ask for it, be it early or late in the day: {}".replace(
    ",", ""
)


@pytest.mark.parametrize(
    ("rows", "second", "name", "text", "kind"),
    [
        (60, 4, "answer", "{}", "category"),
        (60, 12, "answer", "{}", "category"),
        (60, 13, "answer", "{}", "retrieval"),
        (60, 30, "intent", "{}", "category"),
        (60, 30, "Topic_group", "{}", "category"),
        (60, 30, "ticket category name", "{}", "category"),
        (60, 31, "intent", "{}", "retrieval"),
        (100, 10, "answer", LONG, "category"),
        (60, 12, "answer", LONG, "retrieval"),
        (60, 1, "intent", "{}", "retrieval"),
        (5_100, 1_001, "answer", "{}", "retrieval"),
    ],
)
def test_few_second_texts_are_categories(
    tmp_path: Path, rows: int, second: int, name: str, text: str, kind: str
) -> None:
    location = categories(tmp_path, rows, second, name, text)
    inferred = infer(
        table_of(location, layout_of(location, ["text", name])), PairColumns(first="text", second=name), FileOptions()
    )
    assert inferred.kind.name == kind
    if kind == "category":
        assert (inferred.loss.name, f"{second} different texts in {name}" in inferred.inferred_from) == ("cosine", True)


def test_repeated_rows_make_no_category(tmp_path: Path) -> None:
    location = categories(tmp_path, 300, 20, "skills", first="job {}")
    lines = Path(location).read_text().splitlines()
    Path(location).write_text("\n".join([lines[0], *lines[1:21] * 15]) + "\n")
    assert task(location, ["text", "skills"]).kind == "retrieval"


def test_texts_of_several_categories_have_several_answers(tmp_path: Path) -> None:
    lines = [f"job {n // 3},skill {n % 7}" for n in range(210)]
    (tmp_path / "pairs.csv").write_text("\n".join(["job,skill", *lines]) + "\n")
    assert task(str(tmp_path / "pairs.csv"), ["job", "skill"]).kind == "retrieval"


def test_categories_of_one_text_each_are_none(tmp_path: Path) -> None:
    lines = [*(f"q {n},kind 0" for n in range(190)), *(f"q {n},kind {n}" for n in range(190, 200))]
    (tmp_path / "pairs.csv").write_text("\n".join(["question,answer", *lines]) + "\n")
    assert task(str(tmp_path / "pairs.csv"), ["question", "answer"]).kind == "retrieval"


def test_a_test_of_one_label_is_said(tmp_path: Path) -> None:
    location = file_with(tmp_path, ["0", "1"])
    for labels, said in (("11", True), ("01", False)):
        (tmp_path / "test.csv").write_text(f"question,answer,label\nx,y,{labels[0]}\nv,w,{labels[1]}\n")
        made = prepare(task(location), {"train": location, "test": f"{tmp_path}/test.csv"}, seed=1)
        assert any("test has only one label" in note for note in made.manifest["table"]["notes"]) == said


def test_rows_that_stand_twice_are_no_texts_of_several_categories(tmp_path: Path) -> None:
    lines = [f"q {n},kind {n % 4}" for n in range(60)] * 2
    (tmp_path / "pairs.csv").write_text("\n".join(["text,intent", *lines]) + "\n")
    assert task(str(tmp_path / "pairs.csv"), ["text", "intent"]).kind == "category"


def test_how_labels_are_read_comes_back_from_a_manifest(tmp_path: Path) -> None:
    location = file_with(tmp_path, ["-1", "0", "2", "5"])
    made = task(location, scale="0:5", drop=["-1"])
    again = from_dict(json.loads(json.dumps(to_dict(made))))
    assert again.layouts == made.layouts
    assert again.layouts[0].shape({"question": "q", "answer": "a", "label": "5"}) == {
        **{"sentence1": "q", "sentence2": "a", "group": "q"},
        "label": 1.0,
    }


def test_questions_that_are_paired_with_each_other_are_no_categories(tmp_path: Path) -> None:
    lines = [f"q {n},q {n % 8}" for n in range(64)]
    (tmp_path / "pairs.csv").write_text("\n".join(["a,b", *lines]) + "\n")
    assert task(str(tmp_path / "pairs.csv"), ["a", "b"]).kind == "retrieval"


def test_a_task_of_categories_is_that_of_tickets_and_comes_back_from_its_manifest(tmp_path: Path) -> None:
    location = categories(tmp_path, 120, 4)
    made = task(location, ["text", "intent"])
    assert isinstance(made.recipe, AgainstCategory)
    assert (made.loss, made.kind, made.metric) == ("cosine", "category", "macro_f1")
    assert from_dict(to_dict(made)) == made
    prepared = prepare(made, {"train": location}, seed=1)
    assert prepared.manifest["table"]["labels"]["train"] == {"0.0": 72, "1.0": 72}
    assert prepared.tables["candidates"].column("text").to_pylist() == [f"kind {n}" for n in range(4)]
    assert task(location, ["text", "intent"], kind="retrieval").loss == "ranking"


@pytest.mark.parametrize("labels", [["yes", ""], ["+", "-"]])
def test_an_audit_asks_about_empty_labels_as_prepare_does(tmp_path: Path, labels: list[str]) -> None:
    location = file_with(tmp_path, labels)
    layout = layout_of(location, COLUMNS)
    assert isinstance(layout.shape, PairColumns)
    asked = FileOptions(command=" ".join)
    with pytest.raises(Mistakes) as caught:
        infer(table_of(location, layout), layout.shape, asked, strict=False)
    assert f"--labels {labels[0]}=1,{labels[1]}=0" in str(caught.value)
    assert "--columns" not in str(caught.value)
