"""Using a model: a bundle folder in, answers with probabilities out; a conversation with a model that writes."""

from tunewright.serve.chat import Chat, load_chat
from tunewright.serve.predictor import Answer, Predictor, load

__all__ = ["Answer", "Chat", "Predictor", "load", "load_chat"]
