"""Transformers that imitate steepest descent: teacher, tokens, model, training, roll-out, measures."""
