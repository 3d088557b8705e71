"""Chat templates in the manner of well-known families, written for these tests, and tokenizers to go with them."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

# As Llama 3: trimmed turns, headers of control tokens, a date in a system turn that is always there.
HEADERS = """{{- bos_token -}}
{%- if messages[0]['role'] == 'system' -%}
  {%- set lead = messages[0]['content'] | trim -%}{%- set turns = messages[1:] -%}
{%- else -%}
  {%- set lead = '' -%}{%- set turns = messages -%}
{%- endif -%}
{{- '<|head|>system<|neck|>\\n\\nDate: ' + strftime_now('%d %b %Y') + '\\n\\n' + lead + '<|eot|>' -}}
{%- for turn in turns -%}
{{- '<|head|>' + turn['role'] + '<|neck|>\\n\\n' + turn['content'] | trim + '<|eot|>' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|head|>assistant<|neck|>\\n\\n' -}}{%- endif -%}"""

# As Llama 2: no header of the assistant's own; the system turn goes into the first user turn.
BRACKETS = """{%- if messages[0]['role'] == 'system' -%}
{%- set system = '<<SYS>>\\n' + messages[0]['content'] + '\\n<</SYS>>\\n\\n' -%}{%- set turns = messages[1:] -%}
{%- else -%}{%- set system = '' -%}{%- set turns = messages -%}{%- endif -%}
{%- for turn in turns -%}
{%- if (turn['role'] == 'user') != (loop.index0 % 2 == 0) -%}
{{- raise_exception('turns must go user, assistant, user, assistant') -}}
{%- endif -%}
{%- if turn['role'] == 'user' -%}
{{- bos_token + '[INST] ' + (system if loop.first else '') + turn['content'].strip() + ' [/INST]' -}}
{%- else -%}
{{- ' ' + turn['content'].strip() + ' ' + eos_token -}}
{%- endif -%}
{%- endfor -%}"""

# As ChatML, with a generation mark, and no system turn of its own.
CHATML = """{% for message in messages %}
{{ '<|head|>' + message['role'] + '\\n' }}
{%- if message['role'] == 'assistant' %}
{% generation %}
{{- message['content'] + '<|eot|>' }}{% endgeneration %}

{% else %}
{{- message['content'] + '<|eot|>\\n' }}
{%- endif %}
{% endfor %}
{%- if add_generation_prompt %}
{{- '<|head|>assistant\\n' }}
{%- endif %}"""

# As Gemma: no system turn, the assistant is called model.
MODEL = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' %}{{ raise_exception('no system turns here') }}{% endif %}
{%- for message in messages -%}
{%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}
{{ '<|head|>' + role + '\\n' + message['content'] | trim + '<|eot|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|head|>model\\n' }}{%- endif -%}"""

# As Mistral: the system turn goes into the last user turn, an end token after the assistant and nothing else.
LAST_USER = """{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
{%- set lead = messages[0]['content'] + '\\n\\n' %}{%- set turns = messages[1:] %}
{%- else %}{%- set lead = '' %}{%- set turns = messages %}{%- endif %}
{%- for turn in turns %}
{%- if turn['role'] == 'user' %}
{{- '[INST] ' + (lead if loop.last or turns[loop.index0 + 1:] | length == 1 else '') + turn['content'] + '[/INST]' }}
{%- else %}
{{- ' ' + turn['content'] + eos_token }}
{%- endif %}
{%- endfor %}"""

# A base model's home-made template: no control token closes a turn.
BARE = """{% for message in messages %}{{ '### ' + message['role'] + ':\\n' + message['content'] + '\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '### assistant:\\n' }}{% endif %}"""

TEMPLATES = {
    "headers": HEADERS,
    "brackets": BRACKETS,
    "chatml": CHATML,
    "model": MODEL,
    "last_user": LAST_USER,
    "bare": BARE,
}

TEXT = (Path(__file__).parents[2] / "LICENSE").read_text(encoding="utf-8").splitlines()
CONTROL = ["<unk>", "<s>", "</s>", "<|head|>", "<|neck|>", "<|eot|>"]
KINDS = ("byte_level", "metaspace", "legacy", "unigram")


def make_folder(folder: Path, kind: str, chat_template: str | None) -> Path:
    """A model's tokenizer files: a small tokenizer of the given kind, and a chat template."""
    tokenizer = _tokenizer(kind)
    bos = tokenizer.token_to_id("<s>")
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", bos)])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    if chat_template is not None:
        (folder / "chat_template.jinja").write_text(chat_template, encoding="utf-8")
    return folder


def _tokenizer(kind: str) -> Tokenizer:
    special = [AddedToken(token, special=True, normalized=False) for token in CONTROL]
    if kind == "unigram":
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
        tokenizer.decoder = decoders.Metaspace()
        tokenizer.train_from_iterator(
            TEXT,
            trainers.UnigramTrainer(vocab_size=400, special_tokens=special, unk_token="<unk>", show_progress=False),
        )
        return tokenizer
    byte_level = kind == "byte_level"
    tokenizer = Tokenizer(models.BPE(unk_token=None if byte_level else "<unk>", byte_fallback=not byte_level))
    alphabet: list[str] = []
    if byte_level:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    elif kind == "metaspace":
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
        tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])
    else:  # Llama's first conversion: the space is put before by the normalizer, in every section
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    bytes_apart = [] if byte_level else [f"<0x{value:02X}>" for value in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=[*special, *bytes_apart],
        initial_alphabet=alphabet,
        show_progress=False,
        max_token_length=12,
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    if bytes_apart:
        return _bytes_as_pieces(tokenizer)
    return tokenizer


def _bytes_as_pieces(tokenizer: Tokenizer) -> Tokenizer:
    """The byte tokens are ordinary pieces of the vocabulary, not control tokens."""
    values = json.loads(tokenizer.to_str())
    values["added_tokens"] = [token for token in values["added_tokens"] if not token["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(values))
