"""The survey: are entities that pass for more intelligent also taken to be less coherent?"""
