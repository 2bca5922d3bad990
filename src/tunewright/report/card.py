"""placeholder"""

from tunewright.core.folder import RunFolder


def model_card(folder: RunFolder, *, private: bool) -> str:
    """Later."""
    raise NotImplementedError
