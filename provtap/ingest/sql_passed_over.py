"""What a script may say beside its rows, and does nothing here: SET, SELECT set_config, BEGIN, COMMIT."""

from provtap.errors import DocumentError
from provtap.ingest.sql_script import Script, Token

TRANSACTION = {"begin", "commit", "start", "end"}
OF_TRANSACTIONS = {
    "transaction", "work", "isolation", "level", "read", "write", "only", "committed", "uncommitted",
    "repeatable", "serializable", "deferrable", "not", ",",
}  # fmt: skip
_HARMLESS = {
    "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout",
    "client_encoding", "standard_conforming_strings", "check_function_bodies", "xmloption",
    "client_min_messages", "row_security", "search_path", "default_tablespace",
    "default_table_access_method", "escape_string_warning", "synchronous_commit", "timezone",
}  # fmt: skip
_NEEDED = {"client_encoding": {"utf8", "utf-8"}, "standard_conforming_strings": {"on", "true"}}
"""Settings that change what a literal means, and the values under which it is as we read it."""
_FUNCTIONS = {"set_config", "setval"}


def expect(script: Script, *words: str) -> Token:
    """Return the next token, which must be one of *words*."""
    token = script.token()
    if not any(token.says(word) for word in words):
        wanted = " or ".join(word.upper() for word in words)
        raise DocumentError(f"line {token.line}: {wanted} is expected, not {shown(token)}")
    return token


def shown(token: Token) -> str:
    """Return *token* for a sentence."""
    if token.kind == "end":
        return "the end of the script"
    return f"{token.text[:60]!r}"


def name_of(script: Script, token: Token | None = None) -> str:
    """Return the name that comes next, or is *token*: in lower case, unless it is quoted."""
    token = token or script.token()
    if token.kind == "quoted name":
        return token.text
    if token.kind != "name":
        raise DocumentError(f"line {token.line}: a name is expected, not {shown(token)}")
    return token.text.lower()


def pass_set(script: Script, first: Token) -> None:
    """Read on behind a setting of those that pg_dump makes."""
    name = name_of(script)
    if name in {"session", "local"}:
        name = name_of(script)
    if name not in _HARMLESS:
        raise DocumentError(f"line {first.line}: SET {name} can't be in a script")
    expect(script, "=", "to")
    value = script.token()
    if name in _NEEDED and value.text.lower() not in _NEEDED[name]:
        raise DocumentError(f"line {first.line}: {name} can't be {value.text!r} in a script")
    pass_to_end(script, value, None)


def pass_select(script: Script, first: Token) -> None:
    """Read on behind the two functions that pg_dump calls; of others there is no telling what they do."""
    name = script.token().text.lower()
    token = script.token()
    if name == "pg_catalog" and token.says("."):
        name = script.token().text.lower()
        token = script.token()
    if name not in _FUNCTIONS or not token.says("("):
        raise DocumentError(f"line {first.line}: SELECT can't be in a script; INSERT and COPY can")
    while not token.says(";") and token.kind != "end":
        if token.kind == "name" and token.text.lower() not in {"true", "false"}:
            raise DocumentError(f"line {token.line}: SELECT {name} takes literals in a script")
        token = script.token()


def pass_to_end(script: Script, first: Token, words: set[str] | None) -> None:
    """Read to the end of a statement, of which nothing but *words* may be left (None: anything)."""
    token = script.token()
    while not token.says(";") and token.kind != "end":
        if words is not None and token.text.lower() not in words:
            raise DocumentError(
                f"line {token.line}: {first.text.upper()} {shown(token)} can't be in a script"
            )
        token = script.token()
