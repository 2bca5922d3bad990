"""How models write: answers as tokens and back, second vocabularies, languages, beginnings and ends; beside plain transformers."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, MBart50Tokenizer, MBartTokenizer, NllbTokenizer

from tests.model_folders import write_model
from tunewright.core.errors import ModelError
from tunewright.models.languages import find_code
from tunewright.models.load import load_generator, resolve, save_generator
from tunewright.models.tokenizer import load_tokenizer, tokenizer_fit

SHARED = Path(__file__).parents[4] / "shared" / "models"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="needs the shared models beside the repository")
PIECES = [("▁good", -1.0), ("▁room", -1.5), ("▁好", -1.2), ("▁", -2.0), ("店", -1.7)]
MULTILINGUAL = {
    "mbart": (MBartTokenizer, "en_XX", "zh_CN"),
    "mbart50": (MBart50Tokenizer, "en_XX", "zh_CN"),
    "nllb": (NllbTokenizer, "eng_Latn", "zho_Hans"),
}


def write_multilingual(folder: Path, family: str, **languages: str) -> Path:
    """A tiny model of many languages, with a real tokenizer of its family."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration, MBartConfig, MBartForConditionalGeneration

    kind = MULTILINGUAL[family][0]
    start = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    if family == "nllb":
        letters = "▁goodrm好店"
        vocabulary = {piece: i for i, (piece, _) in enumerate(start)}
        for letter in letters:
            vocabulary.setdefault(letter, len(vocabulary))
        tokenizer = kind(vocab=vocabulary, merges=[], **languages)
    else:
        codes = [(code, 0.0) for code in __import__(kind.__module__, fromlist=["x"]).FAIRSEQ_LANGUAGE_CODES]
        tokenizer = kind(vocab=[*start, *PIECES, *codes, ("<mask>", 0.0)], **languages)
    tokenizer.save_pretrained(folder)
    sizes = {
        "vocab_size": len(tokenizer), "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "max_position_embeddings": 64,
        "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 2,
    }  # fmt: skip
    torch.manual_seed(0)
    config, model = (
        (M2M100Config, M2M100ForConditionalGeneration)
        if family == "nllb"
        else (MBartConfig, MBartForConditionalGeneration)
    )
    model(config(**sizes)).save_pretrained(folder)
    return folder


CORPUS = {
    "source": ["the room was good", "a bad day at the hotel", "good food and warm rooms", "the staff was kind"] * 5,
    "target": ["房间很好", "酒店糟糕的一天", "食物好，房间暖和。", "员工很友善！"] * 5,
}
TEXTS = [
    "the room",
    "a kind staff 好 xyz",
    " double  space ",
    "",
    "</s> ignored? __en__ <unk>",
    "Ｆull １",
    "\ufffd\n\t",
]


def trained_pieces(texts: list[str]) -> bytes:
    import io

    import sentencepiece

    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=made, vocab_size=60, hard_vocab_limit=False, minloglevel=2,
        character_coverage=1.0, bos_id=-1, eos_id=0, unk_id=1,
    )  # fmt: skip
    return made.getvalue()


def write_marian(folder: Path, *, codes: tuple[str, ...] = (), separate: bool = False, **settings: str) -> Path:
    """A tiny Marian as its authors publish it: two SentencePiece models, and ids in a file of their own."""
    import sentencepiece
    from transformers import MarianConfig, MarianMTModel

    folder.mkdir()
    vocabularies: list[dict[str, int]] = []
    for side, texts in CORPUS.items():
        (folder / f"{side}.spm").write_bytes(trained_pieces(texts))
        pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{side}.spm"))
        if separate or not vocabularies:
            vocabularies.append({"</s>": 0, "<unk>": 1})
        for i in range(3, pieces.get_piece_size()):  # not the first ones: some pieces have no id of their own
            vocabularies[-1].setdefault(pieces.id_to_piece(i), len(vocabularies[-1]))
    for vocabulary in vocabularies:
        for token in (*codes, "<pad>"):
            vocabulary[token] = len(vocabulary)
    size = max(map(len, vocabularies))
    for vocabulary in vocabularies if separate else ():  # the same id on both sides
        vocabulary["<pad>"] = size
    (folder / "vocab.json").write_text(json.dumps(vocabularies[0]))
    if separate:
        (folder / "target_vocab.json").write_text(json.dumps(vocabularies[1]))
    tokenizer = {"tokenizer_class": "MarianTokenizer", "separate_vocabs": separate, **settings}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    pad = vocabularies[0]["<pad>"]
    torch.manual_seed(0)
    MarianMTModel(
        MarianConfig(
            vocab_size=size + 1,
            d_model=16,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=24,
            decoder_ffn_dim=24,
            max_position_embeddings=64,
            pad_token_id=pad,
            eos_token_id=0,
            decoder_start_token_id=pad,
        )  # fmt: skip
    ).save_pretrained(folder)
    return folder


def write_m2m100(folder: Path) -> Path:
    """A tiny M2M100: one SentencePiece model, ids in a file of their own, and a token for each language."""
    import sentencepiece
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    folder.mkdir()
    (folder / "sentencepiece.bpe.model").write_bytes(trained_pieces(CORPUS["source"] + CORPUS["target"]))
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sentencepiece.bpe.model"))
    vocabulary = {token: i for i, token in enumerate(("<s>", "<pad>", "</s>", "<unk>"))}
    for i in range(4, pieces.get_piece_size()):
        vocabulary.setdefault(pieces.id_to_piece(i), len(vocabulary))
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "M2M100Tokenizer"}))
    torch.manual_seed(0)
    M2M100ForConditionalGeneration(
        M2M100Config(
            vocab_size=len(vocabulary) + 108,
            d_model=16,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=24,
            decoder_ffn_dim=24,
            max_position_embeddings=64,
        )  # fmt: skip
    ).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("separate", [False, True])
def test_marian_cuts_both_sides_as_plain_transformers_does_and_keeps_its_files(separate: bool, tmp_path: Path) -> None:
    local = resolve(str(write_marian(tmp_path / "m", separate=separate)))
    tokenizer = load_tokenizer(local)
    plain = AutoTokenizer.from_pretrained(local.folder, split_special_tokens=True)
    answers = [*CORPUS["target"][:4], "good 好 xyz", "A  b"]
    for text, ids in zip(TEXTS, tokenizer.encode_prompts(TEXTS), strict=True):
        assert ids.tolist() == plain(text)["input_ids"], text
    for text, ids in zip(answers, tokenizer.encode_targets(answers), strict=True):
        assert ids.tolist() == plain(text_target=text)["input_ids"], text
        assert tokenizer.decode(ids) == plain.decode(ids.tolist(), skip_special_tokens=True)
    model = load_generator(local).model
    tokenizer.save(tmp_path / "out")
    save_generator(model, tmp_path / "out", tokenizer=tokenizer)
    again = load_tokenizer(resolve(str(tmp_path / "out")))
    assert [ids.tolist() for ids in again.encode_prompts(TEXTS)] == [
        ids.tolist() for ids in tokenizer.encode_prompts(TEXTS)
    ]
    assert again.generation_values() == tokenizer.generation_values()


def test_multilingual_marian_is_told_the_language_at_the_beginning_of_what_it_reads(tmp_path: Path) -> None:
    local = resolve(str(write_marian(tmp_path / "m", codes=(">>cmn_Hans<<", ">>deu<<"), target_lang="mul")))
    plain = AutoTokenizer.from_pretrained(local.folder, split_special_tokens=True)
    told = load_tokenizer(local, target_language="zh")
    assert told.encode_prompts(["the room"])[0].tolist() == plain(">>cmn_Hans<< the room")["input_ids"]
    by_text = load_tokenizer(local)
    assert by_text.encode_prompts([">>deu<< the room"])[0].tolist() == plain(">>deu<< the room")["input_ids"]
    told.save(tmp_path / "out")
    save_generator(load_generator(local).model, tmp_path / "out", tokenizer=told)
    again = load_tokenizer(resolve(str(tmp_path / "out")))
    assert again.encode_prompts(["the room"])[0].tolist() == told.encode_prompts(["the room"])[0].tolist()
    assert again.encode(["the room"], max_length=32).values.tolist() == told.encode_prompts(["the room"])[0].tolist()
    with pytest.raises(ModelError, match="doesn't know the language `fr`"):
        load_tokenizer(local, target_language="fr")


def test_m2m100_reads_and_writes_as_plain_transformers_has_it(tmp_path: Path) -> None:
    local = resolve(str(write_m2m100(tmp_path / "m")))
    tokenizer = load_tokenizer(local, source_language="en", target_language="zh-CN")
    plain = AutoTokenizer.from_pretrained(local.folder, src_lang="en", tgt_lang="zh", split_special_tokens=True)
    for text, ids in zip(TEXTS, tokenizer.encode_prompts(TEXTS), strict=True):
        assert ids.tolist() == plain(text)["input_ids"], text
    for text in (*CORPUS["target"][:4], "good 好 xyz"):
        (ids,) = tokenizer.encode_targets([text])
        assert ids.tolist() == plain(text_target=text)["input_ids"], text
        # transformers 5.23 leaves the code of the language in the text
        theirs = plain.decode(ids.tolist(), skip_special_tokens=True)
        assert tokenizer.decode(ids) == theirs.removeprefix("__zh__").lstrip()
    assert tokenizer.generation_values()["forced_bos_token_id"] == plain.get_lang_id("zh")
    tokenizer.save(tmp_path / "out")
    save_generator(load_generator(local).model, tmp_path / "out", tokenizer=tokenizer)
    assert load_tokenizer(resolve(str(tmp_path / "out"))).generation_values() == tokenizer.generation_values()


def test_the_fit_of_a_vocabulary_of_pieces_counts_unknown_characters(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(resolve(str(write_marian(tmp_path / "m"))))
    assert tokenizer_fit(tokenizer, CORPUS["source"], max_length=32).characters_unknown_share < 0.2
    assert tokenizer_fit(tokenizer, ["ЖЩЪ the room"], max_length=32).characters_unknown_share == pytest.approx(
        0.3, abs=0.11
    )


@needs_shared
def test_answers_have_a_vocabulary_of_their_own_and_keep_it_when_saved(tmp_path: Path) -> None:
    local = resolve(str(SHARED / "g2p-bart" / "us"))
    tokenizer = load_tokenizer(local)
    (source,), (target,) = tokenizer.encode_prompts(["hello"]), tokenizer.encode_targets(["hˈɛlO"])
    assert source.tolist() == [1, 12, 52, 16, 16, 54, 2]
    assert target.tolist() == [1, 12, 45, 32, 16, 6, 2]
    assert tokenizer.decode(target) == "hˈɛlO"
    tokenizer.save(tmp_path)
    save_generator(load_generator(local).model, tmp_path, tokenizer=tokenizer)
    again = load_tokenizer(resolve(str(tmp_path)))
    assert again.encode_targets(["hˈɛlO"])[0].tolist() == target.tolist()
    assert again.encode_prompts(["hello"])[0].tolist() == source.tolist()
    assert again.decode(target) == "hˈɛlO"


@needs_shared
def test_a_vocabulary_of_answers_that_is_too_large_for_the_model_is_refused(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(SHARED / "g2p-bart" / "us", tmp_path / "m", copy_function=shutil.copyfile)
    path = tmp_path / "m" / "tokenizer_target.json"
    wrong = json.loads(path.read_text())
    wrong["model"]["vocab"]["ʘ"] = 99
    path.write_text(json.dumps(wrong))
    with pytest.raises(ModelError, match="ids up to 99, but the model's table has 63 rows"):
        load_tokenizer(resolve(str(tmp_path / "m")))
    path.write_text("{")
    with pytest.raises(ModelError, match="tokenizer of the answers can't be read"):
        load_tokenizer(resolve(str(tmp_path / "m")))


@pytest.mark.parametrize("family", MULTILINGUAL)
def test_models_of_many_languages_read_and_write_as_plain_transformers_has_it(family: str, tmp_path: Path) -> None:
    kind, source_code, target_code = MULTILINGUAL[family]
    local = resolve(str(write_multilingual(tmp_path / "m", family)))
    tokenizer = load_tokenizer(local, source_language="en", target_language="zh")
    plain = AutoTokenizer.from_pretrained(local.folder, src_lang=source_code, tgt_lang=target_code)
    assert isinstance(plain, kind)
    theirs = plain("good room", text_target="好店")
    assert tokenizer.encode_prompts(["good room"])[0].tolist() == theirs["input_ids"]
    code = plain.convert_tokens_to_ids(target_code)
    ours = tokenizer.encode_targets(["好店"])[0].tolist()
    values = tokenizer.generation_values()
    if family == "mbart":  # its decoder begins with the language, which transformers wraps around from the end
        assert [*ours, code] == theirs["labels"]
        assert (values["decoder_start_token_id"], values["forced_bos_token_id"]) == (code, None)
    else:
        assert ours == theirs["labels"]
        assert (values["decoder_start_token_id"], values["forced_bos_token_id"]) == (2, code)
    assert tokenizer.eos_ids == (2,)
    assert tokenizer.decode(ours) == "好店"


@pytest.mark.parametrize("family", MULTILINGUAL)
def test_languages_come_with_the_bundle_and_with_plain_generate(family: str, tmp_path: Path) -> None:
    from transformers import AutoModelForSeq2SeqLM

    local = resolve(str(write_multilingual(tmp_path / "m", family)))
    tokenizer = load_tokenizer(local, source_language="en", target_language="zh-CN")
    tokenizer.save(tmp_path / "out")
    save_generator(load_generator(local).model, tmp_path / "out", tokenizer=tokenizer)
    again = load_tokenizer(resolve(str(tmp_path / "out")))
    assert again.generation_values() == tokenizer.generation_values()
    assert np.array_equal(again.encode_targets(["好"])[0], tokenizer.encode_targets(["好"])[0])
    plain = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "out")
    written = plain.generate(
        **AutoTokenizer.from_pretrained(tmp_path / "out")("good", return_tensors="pt"), max_new_tokens=3
    )
    code = plain.generation_config.forced_bos_token_id or plain.generation_config.decoder_start_token_id
    assert written[0].tolist()[: 2 if family != "mbart" else 1][-1] == code


def test_a_model_of_many_languages_has_to_be_told_which(tmp_path: Path) -> None:
    local = resolve(str(write_multilingual(tmp_path / "m", "nllb")))
    with pytest.raises(ModelError, match=r"has to be told which: set `target_language`"):
        load_tokenizer(local).encode_targets(["好"])
    with pytest.raises(ModelError, match=r"doesn't know the language `tlh`"):
        load_tokenizer(local, target_language="tlh")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("zho_Hant", "zho_Hant"), ("zh", "zho_Hans"), ("zh-TW", "zho_Hant"), ("zh_CN", "zho_Hans"), ("yue", "yue_Hant"),
        ("en", "eng_Latn"), ("en-GB", "eng_Latn"), ("eng", "eng_Latn"), ("sv", "swe_Latn"),
    ],
)  # fmt: skip
def test_a_language_is_found_by_the_names_people_use(asked: str, found: str) -> None:
    codes = {code: i for i, code in enumerate(["yue_Hant", "zho_Hans", "zho_Hant", "eng_Latn", "swe_Latn", "srp_Cyrl"])}
    assert find_code(asked, codes) == found


def test_a_language_that_could_be_two_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="`kas_Arab`, `kas_Deva`"):
        find_code("kas", {"kas_Arab": 1, "kas_Deva": 2})


@pytest.mark.parametrize(("family", "read", "written"), [("t5", [5, 7, 3], [5, 3]), ("gpt2", [5, 7], [5, 3])])
def test_prompts_of_decoders_stay_open_and_sources_are_closed(
    family: str, read: list[int], written: list[int], tmp_path: Path
) -> None:
    tokenizer = load_tokenizer(resolve(str(write_model(tmp_path / "m", family))))
    assert tokenizer.encode_prompts(["good room"])[0].tolist() == read
    assert tokenizer.encode_targets(["good"])[0].tolist() == written
    assert tokenizer.encode_prompts([""])[0].tolist() == [3]


@needs_shared
def test_a_continuation_keeps_its_first_space() -> None:
    tokenizer = load_tokenizer(resolve(str(SHARED / "stories260k" / "hf")))
    whole = tokenizer.encode_prompts(["Once upon a time, there was a girl."])[0]
    assert tokenizer.decode(whole) == "Once upon a time, there was a girl."
    for cut in range(1, len(whole)):
        assert tokenizer.decode(whole[:cut]) + tokenizer.decode(whole[cut:], after=whole[:cut]) == tokenizer.decode(
            whole
        )
    assert tokenizer.decode([*whole, *tokenizer.eos_ids]) == tokenizer.decode(whole)


def test_no_space_is_put_between_chinese_characters(tmp_path: Path) -> None:
    from transformers import BertTokenizer, GPT2Config, GPT2LMHeadModel

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "你", "好", "，", "gpt", "##2", "is", "good"]
    BertTokenizer(vocab={word: i for i, word in enumerate(words)}).save_pretrained(tmp_path / "m")
    config = GPT2Config(
        vocab_size=12, n_embd=16, n_layer=1, n_head=2, n_positions=32, eos_token_id=50256, bos_token_id=50256
    )
    GPT2LMHeadModel(config).save_pretrained(tmp_path / "m")
    tokenizer = load_tokenizer(resolve(str(tmp_path / "m")))
    target = tokenizer.encode_targets(["你好，gpt2 is good 好"])[0]
    assert tokenizer.decode(target) == "你好，gpt2 is good好"
    assert tokenizer.eos_ids == (3,)


def test_a_chat_template_is_compiled_with_the_models_own_tokens(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", "llama")
    assert not load_tokenizer(resolve(str(folder))).has_chat_template
    with pytest.raises(ModelError, match="no chat template"):
        load_tokenizer(resolve(str(folder))).chat_template()
    (folder / "chat_template.jinja").write_text("{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}")
    tokenizer = load_tokenizer(resolve(str(folder)))
    assert tokenizer.has_chat_template
    assert tokenizer.chat_template().render([{"role": "user", "content": "好"}]) == "好[SEP]"
