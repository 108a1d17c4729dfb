from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import ConfigError
from sync.project.yaml import read_yaml

SECRET = "s3cr3t"


def written(tmp_path, text):
    path = tmp_path / "profiles.yml"
    path.write_bytes(text.encode())
    return path


def test_a_plain_file_is_read(tmp_path):
    assert read_yaml(written(tmp_path, "a: {b: [1, x]}\n")) == {"a": {"b": [1, "x"]}}


def test_an_empty_file_is_an_empty_mapping(tmp_path):
    assert read_yaml(written(tmp_path, "# nothing\n")) == {}


def test_anchors_and_merges_work(tmp_path):
    text = "base: &base {a: 1, b: 2}\nours: {<<: *base, b: 3}\n"
    assert read_yaml(written(tmp_path, text))["ours"] == {"a": 1, "b": 3}


def test_a_key_written_twice_names_file_and_line(tmp_path):
    with pytest.raises(ConfigError) as e:
        read_yaml(written(tmp_path, f"shop:\n  key: {SECRET}\n  region: us\n  key: {SECRET}2\n"))
    (problem,) = e.value.problems
    assert problem.code == "yaml-duplicate-key"
    assert "`key` is written twice, first on line 2" in problem.message
    assert problem.where.endswith("profiles.yml, line 4, column 3")
    assert SECRET not in str(e.value)


@pytest.mark.parametrize(
    "text",
    [
        f"a: *{SECRET}\n",
        f"a: !{SECRET} x\n",
        f"a: !!python/object:os.{SECRET} x\n",
        f"a: !x!{SECRET} x\n",
        f"a: '{SECRET}\n",
        f"a: {SECRET}: b\n",
        f"a:\n\t{SECRET}: 1\n",
        f"- {SECRET}\n",
        f'a: "\\z{SECRET}"\n',
        f"a: @{SECRET}\n",
        f"a: %{SECRET}\n",
        f"a: 2024-99-99 # {SECRET}\n",
        f"? [{SECRET}]\n: 1\n",
        f"a: {{b: {SECRET}\n",
        f"a: \x01{SECRET}\n",
    ],
)
def test_what_is_no_yaml_is_refused_without_quoting_it(tmp_path, text):
    with pytest.raises(ConfigError) as e:
        read_yaml(written(tmp_path, text))
    assert SECRET not in str(e.value)
    assert "profiles.yml" in str(e.value)


def test_an_alias_bomb_is_refused(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    with pytest.raises(ConfigError, match="aliases stand for more than"):
        read_yaml(written(tmp_path, "\n".join(lines)))


def test_an_alias_of_itself_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="contains itself"):
        read_yaml(written(tmp_path, "a: &a [*a]\n"))


@pytest.mark.parametrize("depth", [60, 5000])
def test_deep_nesting_is_refused(tmp_path, depth):
    with pytest.raises(ConfigError):
        read_yaml(written(tmp_path, f"a: {'[' * depth}{']' * depth}\n"))


def test_a_huge_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="larger than"):
        read_yaml(written(tmp_path, "a: " + "x" * 1_100_000))


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "profiles.yml"
    path.write_bytes(b"a: \xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_yaml(path)


@given(st.text(max_size=60))
def test_no_text_is_a_crash(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    try:
        assert isinstance(read_yaml(path), dict)
    except ConfigError as e:
        assert e.problems
