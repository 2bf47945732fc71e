"""What finishing costs and who pays: what communes lack in each world, the works that takes, the
money there is.
"""
