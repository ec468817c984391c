"""A tokenizer of whole words, with or without case, for tests of which texts are the same to a model."""

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from pairs.reading import NO_PROMPTS, Prompts, Reading


def word_reading(words: str, max_length: int, *, cased: bool, prompts: Prompts = NO_PROMPTS) -> Reading:
    """Every word of `words` is a token, any other is unknown."""
    vocabulary = {word: number for number, word in enumerate(["[UNK]", *dict.fromkeys(words.split())])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if not cased:
        tokenizer.normalizer = normalizers.Lowercase()
    return Reading(tokenizer=tokenizer.to_str(), max_length=max_length, prompts=prompts)
