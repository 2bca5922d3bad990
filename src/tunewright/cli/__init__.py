"""The command line: verbs to functions (`main`), and the only file that prints (`screen`)."""
