"""Auxiliary models: large or odd ones that judge a student where nobody has labels."""
