"""Pretrained models: found, checked, loaded, converted, chosen. Owns transformers, which is imported when it is needed.

catalog.py    which models suit a language and a size
load.py       a name or folder -> a checked local folder -> a model with a head
folder.py     what a model folder must be to be read at all: no pickle, no code
hub.py        downloads, announced first
convert.py    .bin -> safetensors, in a process of its own
tokenizer.py  texts -> tokens and back, and how well a vocabulary fits a text; windows.py: what is read of long ones
target_side.py  answers -> tokens and back: second vocabularies, languages, ends
generate.py   prompts -> answers, in batches or as they come
likelihood.py, label_likelihood.py  how likely given answers are, and which label's text is likeliest
first_token.py  classifiers that read one token don't compute the others in their last layer
features.py   texts -> vectors, no weight moved
layers.py     where each parameter of a model stands
"""
