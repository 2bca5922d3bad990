"""What can be known before a run: which model, and what it will cost, measured on its own first steps and not guessed.

forecast.py  time, and the memory of this process      rank.py             candidates in order, and how sure that is
needs.py     memory by the shape of micro-batches      transferability.py  H-score and LogME
memory.py    the model behind it                       curve.py            what more labels would bring
groups.py    the micro-batches that will come
"""

from tunewright.planning.forecast import Forecast, forecast_training

__all__ = ["Forecast", "forecast_training"]
