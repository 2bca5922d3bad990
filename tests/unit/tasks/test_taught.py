"""What a model reads before it answers: of every form of row the question and nothing of the answer."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tiny_writers import TEMPLATE, write_decoder
from tunewright.data.shapes import Completion, Dialogue, Message, Pair, Row
from tunewright.models.load import resolve
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.tasks import EncodeConfig
from tunewright.tasks.taught import Taught
from tunewright.tasks.writers import writer_for

QUESTION = Message(role="user", content="good day")
ROWS: dict[str, tuple[Row, Row, str]] = {
    "pair": (Pair(source="good day", targets=("guten tag",)), Pair(source="good day"), "translate"),
    "completion": (
        Completion(prompt="good day", completion="guten tag"),
        Completion(prompt="good day", completion=""),
        "chat",
    ),
    "dialogue": (
        Dialogue(messages=(QUESTION, Message(role="assistant", content="guten tag"))),
        Dialogue(messages=(QUESTION,)),
        "chat",
    ),
}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder = write_decoder(tmp_path_factory.mktemp("models") / "decoder", chat_template=TEMPLATE)
    return load_tokenizer(resolve(str(folder)))


@pytest.mark.parametrize("form", ROWS)
def test_a_row_is_asked_as_it_was_taught_whether_its_answer_is_there_or_not(form: str, tokenizer: Tokenizer) -> None:
    answered, unanswered, task = ROWS[form]
    writer = writer_for(tokenizer, EncodeConfig(), task=task)
    taught = writer.taught(answered)
    assert isinstance(taught, Taught)
    assert np.array_equal(writer.prompt(answered), taught.prompt)
    assert np.array_equal(writer.prompt(unanswered), taught.prompt)
    assert tokenizer.hf.decode(taught.prompt) == "<|user|>good day</s><|assistant|>"
