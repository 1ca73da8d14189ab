"""Files, logs and other people's formats in, one table of epochs out."""
