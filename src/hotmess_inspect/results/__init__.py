"""From the table of epochs to results per group, comparisons and warnings."""
