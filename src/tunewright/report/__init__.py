"""The page for people, and the card beside the model: both read a run folder, and nothing else.

render(folder, language="en", private=False)   report.html as a string: self-contained, offline, no script
model_card(folder, private=False)              the README.md of the model folder, with Hugging Face front matter
"""

from tunewright.report.card import model_card
from tunewright.report.numbers import Language
from tunewright.report.page import render

__all__ = ["Language", "model_card", "render"]
