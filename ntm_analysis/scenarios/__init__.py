"""Scenarios applied to a data set, compared in the same worlds, tried in a panel."""
