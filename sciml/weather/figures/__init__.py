"""The figures of weather, a module for each notebook.

Each function returns a picture and the numbers that it shows.
"""
