"""One reader for each publisher; :func:`kachisuji.accounts.read` finds them."""
