"""Using a model: a bundle folder in, answers with probabilities out."""

from tunewright.serve.predictor import Answer, Predictor, load

__all__ = ["Answer", "Predictor", "load"]
