"""The first release's name of modules that have moved; see `hotmess_inspect._moved`."""

from hotmess_inspect._moved import stand_in

stand_in(__name__)
