"""At which step the epochs of a question part, and how much of the variance is decided there.

Arrays and labels in, numbers out; nothing here knows logs or tools.
"""
