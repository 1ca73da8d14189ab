"""Multiple choice over repeated epochs: data sets, few-shot contexts, prompts, parsers, scorer."""
