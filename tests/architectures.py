"""Build tiny random models of the architectures that people fine-tune, each with the modules of its family."""

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    ModernBertConfig,
    ModernBertModel,
    MPNetConfig,
    MPNetModel,
    MPNetTokenizer,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3Model,
    RobertaConfig,
    RobertaModel,
    T5Config,
    T5EncoderModel,
)

from tests.tiny_model import WORDS, word_pieces

SIZE: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
POSITIONS = 64
Parts = tuple[Any, Any]
"""A transformer and its tokenizer."""


def _bert() -> Parts:
    pieces = {piece: number for number, piece in enumerate(word_pieces())}
    config = BertConfig(vocab_size=len(pieces), max_position_embeddings=POSITIONS, **SIZE)
    return BertModel(config), BertTokenizer(vocab=pieces, do_lower_case=True)


def _mpnet() -> Parts:
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", *word_pieces()[5:], "<mask>"]
    config = MPNetConfig(vocab_size=len(pieces), max_position_embeddings=POSITIONS + 2, **SIZE)
    return MPNetModel(config), MPNetTokenizer(vocab={piece: number for number, piece in enumerate(pieces)})


def _roberta() -> Parts:
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = _byte_level(special)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    words = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token", "mask_token"), special, strict=True))
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=POSITIONS + 2, type_vocab_size=1, **SIZE
    )
    return RobertaModel(config), PreTrainedTokenizerFast(tokenizer_object=tokenizer, **words)


def _modern_bert() -> Parts:
    tokenizer = _byte_level(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    config = ModernBertConfig(
        vocab_size=tokenizer.get_vocab_size(), max_position_embeddings=POSITIONS, pad_token_id=3, **SIZE
    )
    names = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]"}
    return ModernBertModel(config), PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def _t5() -> Parts:
    trained = Tokenizer(models.Unigram())
    trained.normalizer = normalizers.NFKC()
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=400, special_tokens=special, unk_token="<unk>")
    trained.train_from_iterator([WORDS], trainer)
    trained.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    config = T5Config(vocab_size=trained.get_vocab_size(), d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2)
    names = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    return T5EncoderModel(config), PreTrainedTokenizerFast(tokenizer_object=trained, **names)


def _qwen3() -> Parts:
    tokenizer = _byte_level(["<|endoftext|>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <|endoftext|>", special_tokens=[("<|endoftext|>", 0)]
    )
    config = Qwen3Config(
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=POSITIONS,
        num_key_value_heads=1,
        head_dim=16,
        pad_token_id=0,
        **SIZE,
    )
    names = {"pad_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "padding_side": "left"}
    return Qwen3Model(config), PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def _byte_level(special: Sequence[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=list(special), initial_alphabet=alphabet)
    tokenizer.train_from_iterator([WORDS], trainer)
    return tokenizer


ARCHITECTURES: dict[str, tuple[Callable[[], Parts], str, bool]] = {
    "bert": (_bert, "mean", False),
    "mpnet": (_mpnet, "mean", False),
    "roberta": (_roberta, "mean", False),
    "modernbert": (_modern_bert, "cls", False),
    "t5": (_t5, "mean", True),
    "qwen3": (_qwen3, "lasttoken", False),
    "bert, cls and dense": (_bert, "cls", True),
}
"""Name -> its parts, pooling, and whether a Dense layer follows."""


def build(name: str, folder: str, *, max_length: int | None = 32, do_lower_case: bool = False) -> str:
    """Write a model of 32 dimensions to `folder`, the same weights each time, and return the folder."""
    parts, pooling, dense = ARCHITECTURES[name]
    with tempfile.TemporaryDirectory() as plain, torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model, tokenizer = parts()
        model.save_pretrained(plain)
        tokenizer.save_pretrained(plain)
        transformer = Transformer(plain, max_seq_length=max_length, do_lower_case=do_lower_case)
        more = [Dense(32, 16, activation_function=torch.nn.Tanh())] if dense else []
        modules = [transformer, Pooling(32, pooling), *more, Normalize()]  # type: ignore[arg-type]
        SentenceTransformer(modules=modules, device="cpu").save_pretrained(folder, create_model_card=False)
    return folder
