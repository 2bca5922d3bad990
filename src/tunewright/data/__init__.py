"""From a raw file to rows that can be trusted: read, find the columns, audit, clean, split, and keep the account.

No torch and no model here: what needs one receives values or functions from the pipeline.
"""
