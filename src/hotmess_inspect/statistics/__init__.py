"""What repeated answers say together: intervals, trends, splits, nulls; needs numpy and scipy only."""
