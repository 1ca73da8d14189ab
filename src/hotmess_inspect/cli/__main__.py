"""`python -m hotmess_inspect.cli`, where the script `hotmess` is not on the path."""

from hotmess_inspect.cli import main

main(prog_name="hotmess")
