"""A tokenizer of whole words, with or without case, for tests of which texts are the same to a model."""

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers


def word_tokenizer(words: str, *, cased: bool) -> str:
    """The text of its tokenizer.json; every word of `words` is a token, any other is unknown."""
    vocabulary = {word: number for number, word in enumerate(["[UNK]", *dict.fromkeys(words.split())])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if not cased:
        tokenizer.normalizer = normalizers.Lowercase()
    return str(tokenizer.to_str())
