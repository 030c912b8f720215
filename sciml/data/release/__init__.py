"""What a released dataset is described with, a module for each file of the bundle."""
