"""The other experiments of the paper: optimizer, survey, model-written evaluations, studies over runs."""
