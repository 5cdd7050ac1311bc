"""``python -m kachisuji`` is the command ``kachisuji``."""

from kachisuji.desk.cli import main

if __name__ == "__main__":
    main()
