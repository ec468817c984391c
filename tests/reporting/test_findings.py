"""Test the table of an audit's findings."""

from reporting.findings import leaked, lines, short_line

FINDING = {
    "code": "split_leak",
    "severity": "warning",
    "count": 1890,
    "share": 0.9224,
    "statistic": {"train-test": {"rows": 1890, "of": 2049}, "rule": "equal field"},
    "examples": [{"split": "test", "row": 3, "sentence1": "A" * 500, "label": 1.0}],
    "effect": "a model is judged on what it was trained with",
    "advice": "split by what texts share",
}


def test_a_finding_says_how_much_what_it_does_and_what_to_do() -> None:
    text = lines("walmart", {"rows": 10242, "findings": [FINDING]})
    assert text[0] == "walmart: 10,242 rows, 0 errors, 1 warning"
    assert text[2:6] == [
        "warning  split_leak: 1,890 (92.2%)",
        "  effect:   a model is judged on what it was trained with",
        "  to do:    split by what texts share",
        "  measured: train-test (rows 1890, of 2049), rule equal field",
    ]
    assert text[6].startswith('  test row 3: {"sentence1": "AAA')
    assert len(text[6]) == 220


def test_sound_data_is_one_line() -> None:
    assert lines("nli", {"rows": 5, "findings": []}) == ["nli: 5 rows, 0 errors, 0 warnings"]


def test_one_line_for_the_top_of_a_run() -> None:
    assert short_line(FINDING) == "split_leak: 1,890 (92.2%); a model is judged on what it was trained with"


def test_a_leak_says_what_it_means_for_test_and_without_one_for_dev() -> None:
    shares = {"share_with_a_text": 0.982, "share_with_both_texts": 0.624}
    both = {**FINDING, "statistic": {"train-dev": {"share_with_a_text": 0.5}, "train-test": shares}}
    assert leaked(both) == "98.2% of test has a text of train, 62.4% both texts"
    assert short_line(both).startswith("split_leak: 1,890 (92.2%), 98.2% of test has a text of train, 62.4% both")
    assert (
        leaked({**both, "statistic": {"train-dev": {"share_with_a_text": 0.5}}}) == "50.0% of dev has a text of train"
    )
    assert leaked({**both, "statistic": {"dev-test": shares}}) is None


def test_a_finding_of_one_split_names_it() -> None:
    finding = {**FINDING, "code": "too_small", "count": 24, "share": 0.171, "statistic": {"split": "dev"}}
    assert short_line(finding).startswith("too_small: 24 (17.1%) of dev; ")
