"""Texts as they would read had they been about somebody of another group: lists of words, swaps, sentences, probe sets.

terms.py       the lists, and how they are read (`terms_en.toml`, `terms_zh.toml`)
swap.py        versions of a text: every term of an axis swapped at once
english.py     his or her or him, a or an, capital letters
sentences.py   sentences of our own, made of templates (`sentences_en.toml`, `sentences_zh.toml`)
probe_sets.py  published probe sets that a user has a copy of
"""
