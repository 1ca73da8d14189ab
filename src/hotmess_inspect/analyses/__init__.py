"""What repeated answers say together: lengths, overthinking, ensembling, nulls, comparison; arrays in, numbers out."""
