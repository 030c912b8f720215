"""The figures of protein, a module for each notebook.

Each function returns a picture and the numbers that it shows.
"""
