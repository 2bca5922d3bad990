"""What a run will cost, before it starts: measured on its own first steps, not guessed."""

from tunewright.planning.forecast import Forecast, forecast_training

__all__ = ["Forecast", "forecast_training"]
