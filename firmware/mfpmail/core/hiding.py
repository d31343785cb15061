"""Takes secrets out of what a server says, before anybody reads it."""

_SHORTEST_SECRET = 4  # what is shorter stands in any sentence by chance
_SHORTEST_PIECE = 8


def without_secrets(text, secrets):
    """Return the text of a refusal without what was sent to sign in: some servers repeat what
    they did not understand, whole or in part. A response code in front stays as it is."""
    end = text.find("]") + 1 if text.startswith("[") else 0
    code, text = text[:end], text[end:]
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return code + " ".join([_shown(word, secrets) for word in text.split(" ")])


def _shown(word, secrets):
    bare = word.strip("\"'`<>():;,.")
    for secret in secrets:
        if len(bare) >= _SHORTEST_PIECE and bare in secret:
            return "***"
    return word
