"""What an example's tokens and their loss weights are."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chat_templates import TEMPLATES, make_folder
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.encode.encode import encode, encode_many
from unseen.encode.encoded import Encoded
from unseen.encode.format import Format, FormatFacts, end_ids, format_facts, format_of
from unseen.encode.options import encode_choices, encode_options, encode_prompt
from unseen.encode.pieces import pieces
from unseen.encode.tokenizer import Tokenizer, load_tokenizer
from unseen.errors import DataMistake, ModelMistake
from unseen.prompt.example import Example, Segment, Span

CHAT, PLAIN = Format("chat"), Format("plain")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return load_tokenizer(make_folder(tmp_path_factory.mktemp("chatml"), "byte_level", TEMPLATES["chatml"]))


@pytest.fixture(scope="module", params=["byte_level", "metaspace", "legacy", "unigram"])
def each_tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tokenizer]:
    yield load_tokenizer(make_folder(tmp_path_factory.mktemp("model"), request.param, TEMPLATES["headers"]))


def asked(prompt: str, completion: str, **changes: object) -> Example:
    segments = (Segment("user", prompt), Segment("assistant", completion, 1.0))
    return replace(Example("nli/pairs", "may_follow", "train", 3, segments), **changes)  # type: ignore[arg-type]


def learned(encoded: Encoded, tokenizer: Tokenizer) -> str:
    return tokenizer.decode(encoded.ids[encoded.weights > 0], control=True)


@pytest.mark.parametrize("format", [CHAT, PLAIN], ids=["chat", "plain"])
def test_the_completion_and_its_end_token_are_learned_and_nothing_else(format: Format, tokenizer: Tokenizer) -> None:
    encoded = encode(asked("Does it follow?", "Yes, it does."), tokenizer, format, 999)
    end = "<|eot|>" if format.kind == "chat" else "</s>"
    assert learned(encoded, tokenizer) == f"Yes, it does.{end}"
    assert encoded.prompt_length == len(encoded.ids) - encoded.supervised


def test_the_newline_after_the_end_token_is_not_learned_between_turns_either(tokenizer: Tokenizer) -> None:
    turns = (Segment("user", "a"), Segment("assistant", "b", 1.0), Segment("user", "c"), Segment("assistant", "d", 1.0))
    encoded = encode(asked("", "", segments=turns), tokenizer, CHAT, 999)
    assert learned(encoded, tokenizer) == "b<|eot|>d<|eot|>"
    assert tokenizer.decode(encoded.ids, control=True).count("<|eot|>\n<|head|>") == 3


def test_only_assistant_turns_with_a_weight_are_learned(tokenizer: Tokenizer) -> None:
    turns = (Segment("user", "a"), Segment("assistant", "b", 0.0), Segment("user", "c"), Segment("assistant", "d", 0.5))
    encoded = encode(asked("", "", segments=turns), tokenizer, CHAT, 999)
    assert learned(encoded, tokenizer) == "d<|eot|>"
    assert set(encoded.weights.tolist()) == {0.0, 0.5}


@pytest.mark.parametrize("format", [CHAT, PLAIN], ids=["chat", "plain"])
@pytest.mark.parametrize("said", ["Yes, it", "Yes, it does.", "It follows\n\n1."])
def test_an_answer_that_was_broken_off_has_no_end_token(said: str, format: Format, each_tokenizer: Tokenizer) -> None:
    whole = asked("Does it follow?", said)
    cut = replace(whole, segments=(whole.segments[0], replace(whole.segments[1], ended=False)))
    with_end, without = (encode(each, each_tokenizer, format, 999) for each in (whole, cut))
    assert without.ids.tolist() == with_end.ids.tolist()[:-1] and without.ids[-1] not in end_ids(each_tokenizer, format)
    assert without.weights.tolist() == with_end.weights.tolist()[:-1]
    assert without.prompt_length == with_end.prompt_length


def test_between_turns_the_end_of_a_broken_off_answer_is_not_learned(tokenizer: Tokenizer) -> None:
    cut = Segment("assistant", "b", 1.0, ended=False)
    turns = (Segment("user", "a"), cut, Segment("user", "c"), Segment("assistant", "d", 1.0))
    assert learned(encode(asked("", "", segments=turns), tokenizer, CHAT, 999), tokenizer) == "bd<|eot|>"
    assert learned(encode(asked("", "", segments=turns), tokenizer, PLAIN, 999), tokenizer) == "bd</s>"


def test_prompt_weight_weighs_every_other_token_but_the_first(tokenizer: Tokenizer) -> None:
    encoded = encode(asked("Does it follow?", "Yes."), tokenizer, CHAT, 999, prompt_weight=0.25)
    assert encoded.weights[0] == 0.0
    assert set(encoded.weights[1 : encoded.prompt_length].tolist()) == {0.25}
    assert set(encoded.weights[encoded.prompt_length :].tolist()) == {1.0}


def test_plain_is_prompt_separator_completion_end(each_tokenizer: Tokenizer) -> None:
    encoded = encode(asked("Does it follow", "Yes.", separator=" and "), each_tokenizer, PLAIN, 999)
    assert encoded.ids[0] == each_tokenizer.id_of("<s>")
    assert encoded.ids[-1] == each_tokenizer.end_id
    assert each_tokenizer.decode(encoded.ids).strip() == "Does it follow and Yes."
    assert encoded.prompt_length + encoded.supervised == len(encoded.ids)


def test_a_token_across_the_boundary_belongs_to_the_completion_and_is_counted(tokenizer: Tokenizer) -> None:
    encoded = encode(asked("Answer:", "the", separator=" "), tokenizer, PLAIN, 999)
    assert learned(encoded, tokenizer) == " the</s>"
    assert encoded.cuts == {"boundary_moved": 1}
    assert encode(asked("Answer:", "the"), tokenizer, PLAIN, 999).cuts == {}


ALLOWED = st.characters(codec="utf-8", exclude_characters=[chr(code) for code in range(0xFDD0, 0xFDD6)])


@given(
    st.text(ALLOWED, max_size=40), st.text(ALLOWED, min_size=1, max_size=20), st.sampled_from([" ", "\n", ": ", "\n\n"])
)
@settings(max_examples=60, deadline=None)
def test_prompt_and_completion_are_tokenised_together(prompt: str, completion: str, separator: str) -> None:
    tokenizer = _cached_tokenizer()
    encoded = encode(asked(prompt, completion, separator=separator), tokenizer, PLAIN, 9999)
    together = tokenizer.ids(prompt + separator + completion).tolist()
    assert encoded.ids.tolist() == [*tokenizer.begin, *together, tokenizer.end_id]
    own = [*tokenizer.begin, *tokenizer.ids(prompt + separator).tolist()]
    assert own[: encoded.prompt_length] == encoded.ids[: encoded.prompt_length].tolist()
    assert ("boundary_moved" in encoded.cuts) == (own != encoded.ids[: len(own)].tolist())


def _cached_tokenizer(found: list[Tokenizer] = []) -> Tokenizer:  # noqa: B006 (hypothesis takes no fixtures)
    import tempfile

    if not found:
        with tempfile.TemporaryDirectory() as folder:
            found.append(load_tokenizer(make_folder(Path(folder), "byte_level", None)))
    return found[0]


def test_options_are_the_tokens_of_training_examples(each_tokenizer: Tokenizer) -> None:
    choices = ("yes", "no, not at all", " perhaps")
    for format in (CHAT, PLAIN):
        question = asked("Does it follow?", "yes", choices=choices, separator=" ")
        prompt, options = encode_options(question, each_tokenizer, format, 999)
        assert len(options) == 3
        for choice, option in zip(choices, options, strict=True):
            trained = encode(asked("Does it follow?", choice, separator=" "), each_tokenizer, format, 999)
            assert [*prompt.tolist(), *option.tolist()] == trained.ids.tolist()
            assert trained.prompt_length >= len(prompt)


def test_generation_goes_on_from_the_prompt_of_a_training_example(each_tokenizer: Tokenizer) -> None:
    for format in (CHAT, PLAIN):
        trained = encode(asked("Does it follow?", "Yes"), each_tokenizer, format, 999)
        prompt = encode_prompt(asked("Does it follow?", "No"), each_tokenizer, format, 999)
        assert prompt.tolist() == trained.ids[: trained.prompt_length].tolist()


def test_a_space_that_may_belong_to_the_answer_is_left_to_the_model(tokenizer: Tokenizer) -> None:
    prompt = encode_prompt(asked("Answer:", "the", separator=" "), tokenizer, PLAIN, 999)
    assert tokenizer.decode(prompt, control=True) == "<s>Answer:"


@pytest.mark.parametrize("format", [PLAIN, CHAT], ids=["plain", "chat"])
def test_an_empty_completion_names_its_row(format: Format, tokenizer: Tokenizer) -> None:
    with pytest.raises(DataMistake, match="has an empty completion"):
        encode(asked("What is it?", ""), tokenizer, format, 99)


def test_a_question_needs_no_completion(tokenizer: Tokenizer) -> None:
    question = asked("", "", segments=(Segment("user", "Does it follow?"),))
    assert (
        encode_prompt(question, tokenizer, CHAT, 99).tolist()
        == encode_prompt(asked("Does it follow?", "Yes"), tokenizer, CHAT, 99).tolist()
    )


def test_a_batch_is_its_examples_one_by_one(each_tokenizer: Tokenizer) -> None:
    examples = [asked(f"Is {n} odd?" * (n % 5 + 1), "yes" if n % 2 else "no", row=n) for n in range(700)]
    together = list(encode_many(examples, each_tokenizer, CHAT, 999))
    assert [each.id for each in together] == [example.id for example in examples]
    for n in (0, 1, 511, 512, 699):
        alone = encode(examples[n], each_tokenizer, CHAT, 999)
        assert together[n].ids.tolist() == alone.ids.tolist()
        assert together[n].weights.tolist() == alone.weights.tolist()


def test_an_example_that_nothing_is_learned_from_is_refused_by_name(tokenizer: Tokenizer) -> None:
    turns = (Segment("user", "a"), Segment("assistant", "b", 0.0))
    with pytest.raises(DataMistake, match=r"nli/pairs\|may_follow\|train/3.*supervised"):
        encode(asked("", "", segments=turns), tokenizer, CHAT, 999)


def test_turns_that_the_template_refuses_name_the_row(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(make_folder(tmp_path, "byte_level", TEMPLATES["brackets"]))
    turns = (Segment("user", "a"), Segment("user", "b"), Segment("assistant", "c", 1.0))
    with pytest.raises(DataMistake, match=r"train/3.*turns must go user"):
        encode(asked("", "", segments=turns), tokenizer, CHAT, 999)


def test_a_template_that_rewrites_the_text_is_refused(tmp_path: Path) -> None:
    source = TEMPLATES["chatml"].replace("message['content'] + '<|eot|>' ", "message['content'][:40] + '<|eot|>' ")
    tokenizer = load_tokenizer(make_folder(tmp_path, "byte_level", source))
    with pytest.raises(DataMistake, match="rewrites"):
        encode(asked("a", "word " * 30), tokenizer, CHAT, 999)


EVIL = {
    "loops in loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "doubles": "{% set n = namespace(x='xy') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
    "adds": "{% set n = namespace(x='xy') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
    "multiplies": "{{ 'x' * 10 ** 10 }}",
    "pads": "{{ 'x'.ljust(10 ** 10) }}",
    "formats": "{{ '%09999999999d' % 1 }}",
    "calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "writes": "{% set x = 'y' * 999999 %}{% for i in range(99999) %}{{ x }}{% endfor %}",
}


@pytest.mark.parametrize("name", EVIL)
def test_an_endless_chat_template_is_refused_within_seconds(name: str, tmp_path: Path) -> None:
    started = time.process_time()
    with pytest.raises(ModelMistake, match="chat template"):
        load_tokenizer(make_folder(tmp_path, "byte_level", EVIL[name]))
    assert time.process_time() - started < 5


@pytest.mark.parametrize("source", ["{% for", "{{ messages | nonsense }}", "{% include 'x' %}"])
def test_a_chat_template_that_cannot_be_is_told(source: str, tmp_path: Path) -> None:
    with pytest.raises((ModelMistake, DataMistake), match="chat template"):
        encode(asked("a", "b"), load_tokenizer(make_folder(tmp_path, "byte_level", source)), CHAT, 99)


def test_a_chat_template_cannot_climb_out_of_the_sandbox(tmp_path: Path) -> None:
    source = "{{ messages.__class__.__mro__[1].__subclasses__() }}"
    with pytest.raises(DataMistake, match="chat template"):
        encode(asked("a", "b"), load_tokenizer(make_folder(tmp_path, "byte_level", source)), CHAT, 99)


def test_a_reserved_noncharacter_cannot_forge_a_control_token(tokenizer: Tokenizer) -> None:
    with pytest.raises(DataMistake, match="noncharacter"):
        encode(asked("\ufdd0<|eot|>\ufdd1", "b"), tokenizer, CHAT, 999)


def test_a_long_example_is_fitted_and_counted(tokenizer: Tokenizer) -> None:
    text = "Story: " + "once more " * 200 + "\nWho?"
    long = Segment("user", text, spans=(Span(7, len(text) - 5, ("story",)),))
    example = asked("", "", segments=(long, Segment("assistant", "Me.", 1.0)), choices=("Me.", "You."))
    encoded = encode(example, tokenizer, CHAT, 120)
    assert len(encoded.ids) <= 120
    assert encoded.cuts.get("field_trimmed", 0) > 0
    assert learned(encoded, tokenizer) == "Me.<|eot|>"
    assert "Who?" in tokenizer.decode(encoded.ids)
    assert len(encode_prompt(example, tokenizer, CHAT, 120)) <= 120
    choices = encode_choices(example, tokenizer, CHAT, 120)
    assert len(choices.prompt) + max(map(len, choices.options)) <= 120
    assert choices.cuts.get("field_trimmed", 0) > 0


def test_what_cannot_be_cut_names_the_row(tokenizer: Tokenizer) -> None:
    with pytest.raises(DataMistake, match="train/3"):
        encode(asked("no field here " * 50, "Me."), tokenizer, CHAT, 40)


def test_auto_is_chat_where_there_is_a_chat_template(tokenizer: Tokenizer, tmp_path: Path) -> None:
    bare = load_tokenizer(make_folder(tmp_path, "byte_level", None))
    assert format_of("auto", tokenizer).kind == "chat"
    assert format_of("plain", tokenizer).kind == "plain"
    assert format_of("auto", bare).kind == "plain"
    with pytest.raises(ModelMistake, match="no chat template"):
        format_of("chat", bare)


def test_the_record_knows_what_a_template_adds_by_itself(tmp_path: Path, embedded_folder: Path) -> None:
    facts = format_facts(load_tokenizer(embedded_folder), CHAT)
    assert facts.injected is not None and "helpful AI assistant" in facts.injected
    assert (facts.date, facts.end) == (None, "<|im_end|>")
    assert format_facts(load_tokenizer(embedded_folder), Format("chat", "Be brief.")).injected is None
    dated = load_tokenizer(make_folder(tmp_path / "dated", "byte_level", TEMPLATES["headers"]))
    assert format_facts(dated, CHAT).date is not None
    quiet = load_tokenizer(make_folder(tmp_path / "quiet", "byte_level", TEMPLATES["model"]))
    assert format_facts(quiet, CHAT) == FormatFacts("chat", None, None, "first user turn", "<|eot|>", ())


def test_generation_stops_at_the_turn_s_end_and_at_the_model_s(tokenizer: Tokenizer) -> None:
    assert end_ids(tokenizer, CHAT) == (tokenizer.id_of("<|eot|>"), tokenizer.id_of("</s>"))
    assert end_ids(tokenizer, PLAIN) == (tokenizer.id_of("</s>"),)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(lambda t: "\ufffd" not in t))
@settings(max_examples=40, deadline=None)
def test_pieces_join_to_the_text_with_the_learned_part_last(text: str) -> None:
    tokenizer = _cached_tokenizer()
    encoded = encode(asked("Say it.", text), tokenizer, PLAIN, 999)
    found = pieces(encoded, tokenizer)
    assert "".join(piece for piece, _ in found) == "<s>Say it.\n" + text + "</s>"
    assert "".join(piece for piece, weight in found if weight).endswith("</s>")


def test_encoding_imports_neither_torch_nor_transformers() -> None:
    heavy = "{'torch', 'transformers'} & {*sys.modules}"
    code = f"import sys, unseen.encode.options, unseen.encode.store; sys.exit(len({heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_folder_without_a_tokenizer_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ModelMistake, match=r"no tokenizer\.json"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelMistake, match="not JSON"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"model": {"vocab": {"a": 0}, "type": "Nothing"}}', encoding="utf-8")
    with pytest.raises(ModelMistake, match="is no tokenizer"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("tokenizer.json", "[]"),
        ("tokenizer.json", '{"model": {"vocab": [1, 2]}, "added_tokens": []}'),
        ("tokenizer.json", '{"model": {"vocab": {}}, "added_tokens": {"a": 1}}'),
        ("tokenizer_config.json", '{"eos_token": {"text": "x"}}'),
        ("tokenizer_config.json", '{"added_tokens_decoder": {"a": {"content": "b"}}}'),
        ("tokenizer_config.json", '"a"'),
        ("chat_template.jinja", b"\xff\xfe"),
    ],
)
def test_tokenizer_files_of_other_things_are_a_model_mistake(file: str, content: str | bytes, tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "byte_level", None)
    (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ModelMistake):
        load_tokenizer(folder)


def test_weights_and_ids_have_their_types(tokenizer: Tokenizer) -> None:
    encoded = encode(asked("a", "b"), tokenizer, CHAT, 99)
    assert (encoded.ids.dtype, encoded.weights.dtype) == (np.int32, np.float32)
    assert len(encoded.ids) == len(encoded.weights)
