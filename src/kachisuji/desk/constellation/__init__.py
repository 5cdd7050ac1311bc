"""The constellation at the desk: commands, demonstration, and runs with protected answers."""
