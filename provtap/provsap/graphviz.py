"""A program of its own: draws the DOT of standard input on standard output, in the form that it is given.

It is run by its path, so that it starts without the rest of ProvTAP.
"""

import sys


def main() -> None:
    """Draw."""
    from pygraphviz import AGraph

    graph = AGraph(string=sys.stdin.buffer.read().decode())
    sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))


if __name__ == "__main__":
    main()
