"""Which part of an example each token writes, what fitting cut, and tokens with their bytes."""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path

import pytest
from chat_templates import TEMPLATES, make_folder
from encoder_decoders import save_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.encode.cuts import fit_with_parts
from unseen.encode.encode import encode_whole
from unseen.encode.format import Format, pair_format
from unseen.encode.parts import Part, parts_of
from unseen.encode.pieces import pieces
from unseen.encode.token_text import bytes_of, token_texts
from unseen.encode.tokenizer import Tokenizer, load_tokenizer
from unseen.errors import TooLong
from unseen.prompt.example import Example, Segment, Span
from unseen.prompt.fewshot import Layout, with_exemplars

CHAT, PLAIN = Format("chat"), Format("plain")
FIELD = "the river rose"


def asked(field: str = FIELD, row: int = 0) -> Example:
    """A field between the words of a template."""
    prompt = f"Read this: {field}\nIs it long?"
    user = Segment("user", prompt, spans=(Span(11, 11 + len(field), ("text",)),))
    return Example("toy/task", "ask", "train", row, (user, Segment("assistant", "yes", 1.0)))


def with_shots(example: Example, layout: Layout = "turns") -> Example:
    return with_exemplars(example, [asked(f"number {n} of many", n + 1) for n in range(3)], layout)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return load_tokenizer(make_folder(tmp_path_factory.mktemp("chatml"), "byte_level", TEMPLATES["chatml"]))


def text_of(part: str, example: Example, tokenizer: Tokenizer, format: Format) -> str:
    """What the tokens of one kind of part spell."""
    encoded = encode_whole([example], tokenizer, format)[0]
    parts = parts_of(example, tokenizer, format)
    return "".join(
        token.text for token, each in zip(token_texts(encoded, tokenizer), parts, strict=True) if each.kind == part
    )


@pytest.mark.parametrize("name", sorted(TEMPLATES))
@pytest.mark.parametrize("kind", ["byte_level", "metaspace", "unigram"])
def test_every_token_has_its_part_whatever_the_template(kind: str, name: str, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(make_folder(tmp_path, kind, TEMPLATES[name]))
    formats = [PLAIN, Format("plain", "Be brief."), *([CHAT] if tokenizer.chat_template else [])]
    for format in formats:
        example = with_shots(asked())
        assert text_of("field", example, tokenizer, format).strip() == FIELD
        assert text_of("answer", example, tokenizer, format).strip() == "yes"
        words = text_of("words", example, tokenizer, format).replace("<unk>", "")
        assert re.sub("[^A-Za-z]", "", words) == "ReadthisIsitlong"  # signs may share a token with the markup


def test_a_system_turn_that_opens_the_users_moves_the_fields_with_it(tmp_path: Path) -> None:
    source = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}".replace(
        "{{ m.role }}", "{% if m.role == 'system' %}{{ raise_exception('none') }}{% endif %}{{ m.role }}"
    )
    tokenizer = load_tokenizer(make_folder(tmp_path, "byte_level", source))
    assert text_of("field", asked(), tokenizer, Format("chat", "Be brief.")).strip() == FIELD


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_source_and_target_have_a_part_for_every_token(family: str, tmp_path: Path) -> None:
    save_tokenizer(tmp_path, family)
    tokenizer = load_tokenizer(tmp_path)
    format = pair_format("auto", tokenizer)
    example = with_shots(asked())
    encoded = encode_whole([example], tokenizer, format)[0]
    parts = parts_of(example, tokenizer, format)
    assert len(parts) == len(encoded.ids)
    assert {part.kind for part in parts[encoded.prompt_length :]} == {"answer", "markup"}
    assert sorted({part.number for part in parts if part.kind == "exemplar"}) == [1, 2, 3]


@pytest.mark.parametrize("layout", ["turns", "one_turn"])
def test_exemplars_are_numbered_in_both_layouts(layout: Layout, tokenizer: Tokenizer) -> None:
    for format in (CHAT, PLAIN):
        parts = parts_of(with_shots(asked(), layout), tokenizer, format)
        assert list(dict.fromkeys(part.number for part in parts if part.kind == "exemplar")) == [1, 2, 3]
        assert text_of("field", with_shots(asked(), layout), tokenizer, format).strip() == FIELD


@settings(max_examples=25)
@given(limit=st.integers(10, 200), layout=st.sampled_from(["turns", "one_turn"]), chat=st.booleans())
def test_what_was_cut_and_what_is_left_make_the_whole(limit: int, layout: Layout, chat: bool) -> None:
    """For every exemplar and field: its tokens before = what is left of it + what was taken. The last go first."""
    tokenizer, format = _kept(), CHAT if chat else PLAIN
    example = with_shots(asked(" ".join(["the river rose"] * 6)), layout)
    before = parts_of(example, tokenizer, format)
    try:
        fitted = fit_with_parts(example, tokenizer, format, limit)
    except TooLong:
        return
    assert len(fitted.encoded.ids) == len(fitted.parts) <= limit and fitted.whole == len(before)
    taken = {cut.part: cut.taken for cut in fitted.cuts}
    for part in {each for each in before if each.kind in ("exemplar", "field")}:
        assert before.count(part) == fitted.parts.count(part) + taken.get(part, 0)
    dropped = sorted(part.number for part in taken if part.kind == "exemplar")
    assert dropped == list(range(4 - len(dropped), 4))
    assert all(0 <= cut.at <= len(fitted.parts) for cut in fitted.cuts)


@cache
def _kept() -> Tokenizer:
    """One tokenizer for all examples of hypothesis."""
    with tempfile.TemporaryDirectory() as folder:
        return load_tokenizer(make_folder(Path(folder), "byte_level", TEMPLATES["chatml"]))


def test_old_turns_that_were_dropped_are_told(tokenizer: Tokenizer) -> None:
    turns = [Segment(role, f"{role} says {n} things", 0.0, "row") for n in range(3) for role in ("user", "assistant")]
    last = Segment("user", "and now?", 0.0, "row"), Segment("assistant", "yes", 1.0, "row")
    example = Example("toy/chats", "as_written", "train", 0, (*turns, *last))
    whole = len(encode_whole([example], tokenizer, CHAT)[0].ids)
    cuts = fit_with_parts(example, tokenizer, CHAT, whole - 1).cuts
    assert [(cut.part.kind, cut.part.number, cut.taken == cut.had) for cut in cuts] == [("turn", 1, True)]


@given(st.text(st.characters(exclude_categories=["Cs", "Cn"]), min_size=1, max_size=40))
def test_tokens_joined_are_the_text_and_bytes_joined_its_characters(text: str) -> None:
    tokenizer = _kept()
    encoded = encode_whole([asked(text)], tokenizer, PLAIN)[0]
    tokens = token_texts(encoded, tokenizer)
    assert [token.id for token in tokens] == encoded.ids.tolist()
    assert "".join(token.text for token in tokens) == "".join(piece for piece, _ in pieces(encoded, tokenizer))


def test_a_character_of_several_tokens_shows_its_bytes(tokenizer: Tokenizer) -> None:
    tokens = token_texts(encode_whole([asked("🙂")], tokenizer, PLAIN)[0], tokenizer)
    split = [token for token in tokens if token.bytes]
    assert bytes.fromhex("".join(token.bytes for token in split)).decode().strip() == "🙂"
    assert "".join(token.text for token in split).strip() == "🙂" and not split[0].text


def test_bytes_of_both_spellings() -> None:
    assert (bytes_of("<0xe2>"), bytes_of("ðŁĻĤ"), bytes_of(None)) == ("E2", "F0 9F 99 82", "?")


def test_control_tokens_are_those_that_only_the_format_writes(tokenizer: Tokenizer) -> None:
    example = asked("<|eot|>")
    tokens = token_texts(encode_whole([example], tokenizer, CHAT)[0], tokenizer)
    parts = parts_of(example, tokenizer, CHAT)
    assert {part for token, part in zip(tokens, parts, strict=True) if token.control} == {Part("markup")}
