"""A separate program: draws the DOT on standard input to standard output, in the format of its argument.

It is started by its path, so that it does not import the rest of ProvTAP.
"""

import sys


def main() -> None:
    """Draw."""
    from pygraphviz import AGraph

    graph = AGraph(string=sys.stdin.buffer.read().decode())
    sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))


if __name__ == "__main__":
    main()
