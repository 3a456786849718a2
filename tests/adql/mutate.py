"""Mutated queries of the corpus, to compare two parsers."""

import random
import re
from collections.abc import Callable, Iterator
from itertools import islice

from provtap.errors import AdqlError
from tests.adql.grammar import accepts, corpus

# Coarser than ADQL's tokens, so that rejected queries can be cut as well; comments are dropped.
_TOKEN = re.compile(
    r"""(?:--[^\r\n]*)|('(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"""
    r"""|<>|!=|<=|>=|\|\||\S)""",
    re.IGNORECASE,
)
_MOST_MUTATIONS = 3
_CHARACTERS = "'\"-.;,()*|<>=!/+_ \n\t\r0e5xE\\%$&\u00e9\u00a0\u212a"

Tokens = list[str]
Mutation = Callable[[random.Random, Tokens], Tokens]


def disagreements(parse: Callable[[str], object], n: int, seed: int) -> list[str]:
    """Return those of *n* mutants that *parse* accepts and the grammar rejects, or the reverse.

    *parse* rejects a text by raising AdqlError. Any other exception goes through, with the text as a note.
    """
    return [text for text in islice(mutants(seed), n) if _parses(parse, text) != accepts(text)]


def mutants(seed: int) -> Iterator[str]:
    """Yield mutated queries without end, the same for the same *seed*."""
    rng = random.Random(seed)
    while True:
        tokens = rng.choice(_ACCEPTED)
        for mutate in rng.choices(_MUTATIONS, k=rng.randint(1, _MOST_MUTATIONS)):
            tokens = mutate(rng, tokens)
        yield _text(rng, tokens)


def _delete(rng: random.Random, tokens: Tokens) -> Tokens:
    at = rng.randrange(len(tokens) + 1)
    return tokens[:at] + tokens[at + 1 :]


def _duplicate(rng: random.Random, tokens: Tokens) -> Tokens:
    at = rng.randrange(len(tokens) + 1)
    return tokens[: at + 1] + tokens[at:]


def _swap(rng: random.Random, tokens: Tokens) -> Tokens:
    at = rng.randrange(len(tokens) + 1)
    return tokens[:at] + tokens[at : at + 2][::-1] + tokens[at + 2 :]


def _replace(rng: random.Random, tokens: Tokens) -> Tokens:
    at = rng.randrange(len(tokens) + 1)
    return [*tokens[:at], rng.choice(_VOCABULARY), *tokens[at + 1 :]]


def _graft(rng: random.Random, tokens: Tokens) -> Tokens:
    """Continue with another query after a common token, which often gives valid ADQL."""
    other = rng.choice(_ACCEPTED)
    joints = [(i, j) for i, a in enumerate(tokens) for j, b in enumerate(other) if a == b]
    i, j = rng.choice(joints) if joints else (0, 0)
    return tokens[:i] + other[j:]


def _wrap(rng: random.Random, tokens: Tokens) -> Tokens:
    """Put some tokens into parentheses, where conditions, values, subqueries and joins look alike."""
    start, end = sorted(rng.choices(range(len(tokens) + 1), k=2))
    return [*tokens[:start], "(", *tokens[start:end], ")", *tokens[end:]]


def _text(rng: random.Random, tokens: Tokens) -> str:
    """Write the tokens with blanks between them; one text of five is then wrong in a character."""
    text = " ".join(tokens)
    at = rng.randrange(len(text) + 1)
    match rng.randrange(10):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[:at] + rng.choice(_CHARACTERS) + text[at:]
        case _:
            return text


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except AdqlError:
        return False
    except Exception as error:
        error.add_note(f"while parsing {text!r}")
        raise
    return True


def _tokens(verdict: str) -> list[Tokens]:
    return [[token for token in _TOKEN.findall(query) if token] for _, query in corpus(verdict)]


_MUTATIONS: list[Mutation] = [_delete, _duplicate, _swap, _replace, _graft, _wrap]
_ACCEPTED = _tokens("accepted")
_VOCABULARY = sorted({token for tokens in _ACCEPTED + _tokens("rejected") for token in tokens})
