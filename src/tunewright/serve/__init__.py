"""Using a model: a bundle folder in, answers out: labels with probabilities, numbers, texts; a conversation."""

from tunewright.serve.chat import Chat, load_chat
from tunewright.serve.loading import AnyPredictor, load, load_labeller, require_labeller
from tunewright.serve.predictor import Answer, Predictor
from tunewright.serve.tagger import FoundSpan, TaggedText, TaggingPredictor
from tunewright.serve.writer import WritingPredictor, WrittenAnswer

__all__ = [
    "Answer", "AnyPredictor", "Chat", "FoundSpan", "Predictor", "TaggedText", "TaggingPredictor", "WritingPredictor",
    "WrittenAnswer", "load", "load_chat", "load_labeller", "require_labeller",
]  # fmt: skip
