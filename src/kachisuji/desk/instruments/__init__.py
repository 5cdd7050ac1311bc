"""Instruments on the desk: the list of them, what each unit of money in them buys, the heat map."""
