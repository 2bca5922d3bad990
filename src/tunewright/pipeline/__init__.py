"""THE STORY: `run.py`, from recipe to report, top to bottom; one file per other verb. The only place where parts meet.

run.py        run, train_recipe               prepare.py     file -> rows, split            judge.py      -> evidence
init.py       look, write the recipe     decide.py      what was left open             bundling.py   -> model folders
predict.py    answers                    baselines.py   what simple methods reach      journal.py    events, signals
evaluate.py   scores on a file           fine_tune.py   model meets rows               request.py    which run folder
doctor.py     what can this machine do   encode.py      rows -> examples               unlabelled.py answers for the rest
"""
