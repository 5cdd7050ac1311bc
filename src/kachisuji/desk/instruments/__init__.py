"""Instruments on the desk: the list of them, what each yen of them buys, the heat map."""
