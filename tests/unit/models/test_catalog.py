import pytest

from tunewright.models.catalog import CATALOG, MULTILINGUAL, is_noncommercial, suggest, suggest_writers


@pytest.mark.parametrize("language", ["en", "zh", "zh-CN", "zh_Hant", "de", "sw", "und", None])
def test_every_language_gets_a_suggestion(language: str | None) -> None:
    assert suggest(language)


def test_a_model_made_for_the_language_comes_first_and_no_english_one_for_chinese() -> None:
    entries = suggest("zh")
    assert "zh" in entries[0].languages
    assert all("zh" in entry.languages or MULTILINGUAL in entry.languages for entry in entries)


def test_what_loads_at_once_comes_before_what_must_be_converted() -> None:
    own = [entry.safetensors for entry in suggest("zh") if "zh" in entry.languages]
    assert own == sorted(own, reverse=True)


def test_the_size_limit_holds() -> None:
    assert all(entry.parameters <= 50_000_000 for entry in suggest("en", max_parameters=50_000_000))


def test_ids_are_unique() -> None:
    assert len({entry.hub_id for entry in CATALOG}) == len(CATALOG)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cc-by-nc-4.0", True), ("CC-BY-NC-SA-4.0", True), ("some-non-commercial", True), ("research only", True),
        ("apache-2.0", False), ("mit", False), ("openrail", False), (None, False), ("ncsa", False),
    ],
)  # fmt: skip
def test_noncommercial_licences_are_known(name: str | None, expected: bool) -> None:
    assert is_noncommercial(name) is expected


def test_translators_are_named_for_both_languages() -> None:
    named = {
        target: [writer.hub_id for writer in suggest_writers("translate", "en", target=target)]
        for target in ("zh-CN", "de")
    }
    assert "Helsinki-NLP/opus-mt-en-zh" in named["zh-CN"]
    assert "Helsinki-NLP/opus-mt-en-zh" not in named["de"]
    assert named["de"]
