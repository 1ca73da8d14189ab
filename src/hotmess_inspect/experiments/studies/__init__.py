"""Sets of runs that belong together (budgets, sizes, ensembles), and what they show."""
