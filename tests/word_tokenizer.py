"""Build a tokenizer of whole words, with or without case, for tests of texts that a model reads alike."""

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from pairs.reading import NO_PROMPTS, Prompts, Reading


def word_reading(words: str, max_length: int, *, cased: bool, prompts: Prompts = NO_PROMPTS) -> Reading:
    """Return a reading in which each of `words` is a token, and any other is unknown."""
    vocabulary = {word: number for number, word in enumerate(["[UNK]", *dict.fromkeys(words.split())])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if not cased:
        tokenizer.normalizer = normalizers.Lowercase()
    return Reading(tokenizer=tokenizer.to_str(), max_length=max_length, prompts=prompts)
