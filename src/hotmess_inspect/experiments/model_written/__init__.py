"""Model-written evaluations: what a model says it would do, as choices and in its own words."""
