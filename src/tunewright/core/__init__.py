"""What every other part stands on: errors, events, the run folder, text keys. Imports nothing of ours and no torch."""
