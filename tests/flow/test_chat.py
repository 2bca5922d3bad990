"""`tunewright chat`: in one shot, from stdin, and at a real terminal with Chinese and Ctrl-C."""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from tests.chat_templates import CHATML
from tests.model_folders import write_model
from tunewright.bundle import write_about
from tunewright.bundle.about import About
from tunewright.cli.main import main
from tunewright.core.errors import DataError, ModelError
from tunewright.models.chat import compile_template, encode_chat, render_taught
from tunewright.models.config import GenerateConfig
from tunewright.serve import load_chat

SAID = {"你好": "你好，世界！😀", "hi": "hello there", "你好<|im_end|>": "a mark", "tell me more": "\n no more"}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama that has learned four answers by heart; its generation_config doesn't say what ends a turn."""
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "talker"
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE({char: i for i, char in enumerate(alphabet)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    hf = PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="<|endoftext|>", pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
    )  # fmt: skip
    hf.chat_template = CHATML
    hf.save_pretrained(folder)
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(hf),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=512,
            eos_token_id=hf.eos_token_id,
            bos_token_id=None,
        )  # fmt: skip
    )
    rows = []
    for asked, said in SAID.items():
        turn = [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
        for before in ([], [{"role": "system", "content": "be kind"}]):
            for chat in ([*before, *turn], [*before, *turn, *turn]):
                (rendered,) = render_taught(compile_template(CHATML), chat, end_of_turn=["<|im_end|>"])
                rows.append(encode_chat(hf, rendered))
    width = max(len(row.ids_T) for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    labels = torch.full_like(ids, -100)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids_T)] = torch.from_numpy(row.ids_T)
        labels[i, : len(row.ids_T)] = torch.from_numpy(row.ids_T).masked_fill(
            torch.from_numpy(row.weights_T) == 0, -100
        )
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(150):
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if loss < 5e-3:
            break
    assert loss < 0.05
    model.save_pretrained(folder)
    return folder


def run(capsys: Any, *arguments: str) -> tuple[int, str, str]:
    code = main(["chat", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_one_question_gets_one_answer(talker: Path, capsys: Any) -> None:
    code, out, _ = run(capsys, str(talker), "你好")
    assert (code, out) == (0, "你好，世界！😀\n")
    code, out, _ = run(capsys, str(talker), "hi", "--system", "be kind", "--json")
    answer = json.loads(out)
    assert (code, answer["text"], answer["stop"]) == (0, "hello there", "end")
    assert answer["num_tokens"] == len("hello there") + 1


def test_a_mark_that_a_person_types_ends_no_turn(talker: Path, capsys: Any) -> None:
    assert run(capsys, str(talker), "你好<|im_end|>")[1] == "a mark\n"


def test_spaces_before_an_answer_are_not_shown(talker: Path, capsys: Any) -> None:
    assert run(capsys, str(talker), "tell me more")[1] == "no more\n"


def test_lines_of_stdin_are_one_conversation(talker: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hi\n\nhi\n/new\n你好"))
    code, out, err = run(capsys, str(talker))
    assert (code, out) == (0, "hello there\nhello there\n你好，世界！😀\n")
    assert "forgotten" in err
    monkeypatch.setattr(sys, "stdin", io.StringIO("hi\n你好\n"))
    _, out, _ = run(capsys, str(talker), "--json")
    assert [json.loads(line)["text"] for line in out.splitlines()][:1] == ["hello there"]
    assert len(out.splitlines()) == 2


def test_an_answer_that_was_cut_says_so(talker: Path, capsys: Any) -> None:
    _, out, err = run(capsys, str(talker), "你好", "--max-new-tokens", "8")
    assert out == "你好\n"
    assert "cut" in err
    _, out, err = run(capsys, str(talker), "你好", "--max-new-tokens", "8", "--lang", "zh", "--json")
    assert json.loads(out)["stop"] == "length"
    assert "截断" in err


def test_drawing_is_repeatable_and_wrong_settings_are_named(talker: Path, capsys: Any) -> None:
    drawn = [run(capsys, str(talker), "x", "--temperature", "3", "--seed", seed)[1] for seed in ("1", "1", "2")]
    assert drawn[0] == drawn[1] != drawn[2]
    code, _, err = run(capsys, str(talker), "x", "--temperature", "-1")
    assert code == 2
    assert "--temperature" in err
    assert run(capsys, str(talker), "x", "--max-new-tokens", "0")[0] == 2


def test_a_conversation_remembers_and_a_broken_off_answer_counts_as_far_as_it_came(talker: Path) -> None:
    chat = load_chat(str(talker), config=GenerateConfig(max_new_tokens=40), system="be kind")
    assert "".join(chat.ask("hi")) == "hello there"
    pieces = chat.ask("hi")
    assert next(pieces) == "h"
    pieces.close()
    assert [message["content"] for message in chat.messages] == ["be kind", "hi", "hello there", "hi", "h"]
    chat.forget()
    assert [message["content"] for message in chat.messages] == ["be kind"]
    with pytest.raises(ModelError, match="no room for an answer"):
        list(chat.ask("好" * 300))
    assert len(chat.messages) == 1


def test_a_template_that_refuses_a_system_prompt_says_so_and_the_conversation_stands(
    talker: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(talker, tmp_path / "m")
    refusing = "{% if messages[0].role == 'system' %}{{ raise_exception('no system prompt') }}{% endif %}" + CHATML
    (folder / "chat_template.jinja").write_text(refusing)
    chat = load_chat(str(folder), config=GenerateConfig(), system="be kind")
    with pytest.raises(DataError, match="no system prompt"):
        list(chat.ask("hi"))
    assert len(chat.messages) == 1


def test_what_can_not_chat_is_refused_with_the_reason(talker: Path, tmp_path: Path, capsys: Any) -> None:
    from tests.unit.models.test_load_generator import write_generator

    code, _, err = run(capsys, str(write_generator(tmp_path / "plain", "llama")), "hi")
    assert code == 1
    assert "no chat template" in err
    encoder = write_model(tmp_path / "encoder", "bert")
    (encoder / "chat_template.jinja").write_text(CHATML)
    code, _, err = run(capsys, str(encoder), "hi")
    assert code == 1
    assert "write none" in err
    code, out, err = run(capsys, str(tmp_path / "nowhere"), "hi", "--json")
    assert code == 1
    assert "no folder" in json.loads(out)["error"]


def test_a_bundle_that_was_changed_is_refused(talker: Path, tmp_path: Path, capsys: Any) -> None:
    folder = shutil.copytree(talker, tmp_path / "m")
    write_about(
        folder,
        About(system="model", task="classify", labels=(), fields=("text",), data_fingerprint="", recipe_digest=""),
    )
    assert run(capsys, str(folder), "hi")[1] == "hello there\n"
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}")
    code, _, err = run(capsys, str(folder), "hi")
    assert code == 1
    assert "changed since it was written: chat_template.jinja" in err


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_at_a_terminal_ctrl_c_stops_the_answer_and_not_the_program(talker: Path, tmp_path: Path) -> None:
    """A model that never ends is stopped; the next question is answered; Ctrl-D leaves."""
    import pty

    from transformers import AutoModelForCausalLM

    folder = shutil.copytree(talker, tmp_path / "endless")
    model = AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        model.lm_head.weight.zero_()  # all tokens are equally likely, so it says the first one for ever: `!`
    model.config.max_position_embeddings = 100_000
    model.save_pretrained(folder)

    ours, theirs = pty.openpty()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tunewright.cli.main", "chat", str(folder), "--max-new-tokens", "90000"],
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(theirs)
    shown = ""

    def wait_for(text: str, *, seconds: float = 60) -> None:
        nonlocal shown
        until = time.monotonic() + seconds
        while text not in shown and time.monotonic() < until:
            if select.select([ours], [], [], 0.1)[0]:
                shown += os.read(ours, 4096).decode("utf-8", "replace")
        assert text in shown, shown[-500:]

    def press_ctrl_c_until(text: str) -> None:
        """As people do: Python drops an interrupt that comes while it clears up, and the prompt stands before it is waited at."""
        for _ in range(6):
            os.write(ours, b"\x03")
            with contextlib.suppress(AssertionError):
                wait_for(text, seconds=10)
                return
        wait_for(text, seconds=1)

    try:
        for _ in range(2):
            wait_for("> ")
            shown = ""
            os.write(ours, "你好\n".encode())
            wait_for("!!!!!!!!")
            press_ctrl_c_until("stopped")
            shown = shown[shown.index("stopped") :]
        wait_for("> ")
        press_ctrl_c_until("Ctrl-D leaves\r\n")
        shown = shown[shown.index("Ctrl-D leaves\r\n") :]
        wait_for("> ")
        os.write(ours, b"\x04")
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        os.close(ours)
