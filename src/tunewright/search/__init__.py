"""Many fine-tunes of one recipe to a ranked table. Owns optuna.

space.py    what is searched: a field of the recipe and its values     study.py   optuna: what to try next, kept on disk
worker.py   tries until the budget is spent; several at a time         search.py  the verb, from a recipe to search.json
race.py     all optimisers (or adapters) at an equal budget            results.py what came of it, with intervals
"""
