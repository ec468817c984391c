"""Build a tiny random sentence-transformers model offline, with the modules of MiniLM: BERT, mean, Normalize."""

import string
import tempfile

WORDS = """
a able about account after again air all also amount and any apple are as ask at away back bag bank be because bed been
before big bill bird blue board boat book both box boy bread building bus but buy by cable call came can car card case
cat change child city clean close cloud code coffee cold color come company computer contract cost could country course
crash customer data date day delivery desk did disk do doctor document dog door down drive duplicate each early eat
engine error every eye face fall family far farm fast field file find fire first fish floor food for form found free
from game garden get girl give glass go gold good great green ground group had hand hard has have he head help her here
high him his home hot hour house how idea if in invoice is it job keep kind king know large last late law learn leave
left less letter life light like line list little live load long look lost low machine made mail make man many map
market may me mean meet memory menu milk money month moon more morning most mouse move music must my name near network
new next night no north not note now number of off office oil old on once one only open or order other our out over
page paper part party password pay pen people phone place plan plant play point power price print printer problem
product program project put queue quick rain read red release request rest right river road room row run sad said sale
same school sea second see sell send server service set she ship shop short show side sign skill sky sleep slow small
snow so software some song south space stand star start stay step still stone stop store story street student study
sun system table take talk tax teacher team ten term test text than that the their them then there these they thing
this three ticket time to today too top town train travel tree true two under unit up update us use user vendor very
view voice walk wall want war warm was watch water way we week well went were west what when where which white who why
wide will win wind window winter with woman wood word work world would write year yellow yes you young your
"""

CHARACTERS = string.ascii_lowercase + string.digits
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def word_pieces(words: str = WORDS) -> list[str]:
    """Return a vocabulary: every ASCII text has tokens, and known words are one token each."""
    letters = list(CHARACTERS) + [f"##{letter}" for letter in CHARACTERS] + list(string.punctuation)
    return SPECIAL + letters + [word for word in sorted(set(words.split())) if word not in letters]


def build_tiny_model(
    folder: str,
    *,
    hidden_dropout: float = 0.1,
    seed: int = 0,
    max_length: int = 512,
    dimensions: int = 32,
    words: str = WORDS,
) -> str:
    """Write a model of 2 layers to `folder`, equal weights for equal seeds, and return the folder.

    The global random state stays as it was. `hidden_dropout` is the dropout of layers and of attention.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    pieces = word_pieces(words)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=dimensions,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=max_length,
        hidden_dropout_prob=hidden_dropout,
        attention_probs_dropout_prob=hidden_dropout,
        initializer_range=0.2,  # with BERT's 0.02 so small a model puts all texts at nearly the same place
    )
    tokenizer = BertTokenizer(
        vocab={piece: number for number, piece in enumerate(pieces)}, do_lower_case=True, model_max_length=max_length
    )
    with tempfile.TemporaryDirectory() as plain:  # Transformer builds itself from files only
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            BertModel(config).save_pretrained(plain)
        tokenizer.save_pretrained(plain)
        transformer = Transformer(plain, max_seq_length=max_length)
    model = SentenceTransformer(modules=[transformer, Pooling(dimensions), Normalize()], device="cpu")
    model.save_pretrained(folder, create_model_card=False)
    return folder
