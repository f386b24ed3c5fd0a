"""Puts stars in the place of secrets, in bytes on their way to a log, a journal or a terminal.

What is looked for, for each secret: itself, as JSON and Python write it in quotes, as URLs carry it, and in base64, also
where that encodes more around it (`Authorization: Basic …`). A secret of several lines is one secret a line.

A secret that is cut in two by whoever prints it, or encoded in another way, is not found: this is a net below, no wall.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 8
"""Characters: what is shorter stands in texts by chance, and is left."""
LONGEST = 256
"""Bytes: of a longer secret its pieces of this length are looked for."""
STARS = b"********"
SECRETS = (
    "password", "passwd", "passphrase", "secret", "credential", "authorization", "api_key", "apikey", "access_key",
    "private_key",
)  # fmt: skip
"""What a secret is called, also as a part of a longer word."""
SECRET_WORDS = ("pass", "pwd", "pw", "token", "dsn")
"""The same, as a word between underscores."""


class Masker:
    """What is to be hidden so far."""

    def __init__(self) -> None:
        self.pieces: frozenset[bytes] = frozenset()
        """What the secrets are made of, for other processes to hide, too."""
        self.forms: list[bytes] = []
        """What is looked for, the longest first; empty while there is nothing to hide."""
        self.overlap = 0
        """So many bytes at the end of a text may be the beginning of a secret."""

    def learn(self, value: str | bytes) -> list[bytes]:
        """Hides this from now on, too. Gives the pieces that it had not known."""
        new = [piece for piece in pieces_of(value) if piece not in self.pieces]
        self.hide(new)
        return new

    def hide(self, pieces: "Iterable[bytes]") -> None:
        """The same for pieces of a secret, as they come from another process."""
        known = self.pieces.union(pieces)
        if known == self.pieces:
            return
        self.pieces = known
        forms = {form for piece in known for form in forms_of(piece)}
        self.overlap = max(map(len, forms), default=1) - 1
        self.forms = sorted(forms, key=lambda form: (-len(form), form))

    def mask(self, data: bytes) -> bytes:
        """The bytes with stars for every secret in them."""
        for form in self.forms:
            if form in data:
                data = data.replace(form, STARS)
        return data

    def finds_in(self, data: bytes) -> bool:
        return any(form in data for form in self.forms)

    def mask_text(self, text: str) -> str:
        if not self.forms:
            return text
        return self.mask(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def names_a_secret(name: str) -> bool:
    """Whether what has this name is a secret, as far as a name tells."""
    name = name.lower()
    return any(one in name for one in SECRETS) or not set(SECRET_WORDS).isdisjoint(name.split("_"))


def pieces_of(value: str | bytes) -> list[bytes]:
    """The lines of a secret that are long enough to be hidden, in pieces that are short enough to be sent."""
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    lines = [line.strip() for line in data.replace(b"\r", b"\n").split(b"\n")]
    cut = [line[at : at + LONGEST] for line in lines for at in range(0, len(line), LONGEST)]
    return [piece for piece in cut if len(piece.decode("utf-8", "replace")) >= SHORTEST]


def forms_of(piece: bytes) -> set[bytes]:
    """How a piece of a secret may be written. None is shorter than SHORTEST."""
    import json
    from urllib.parse import quote, quote_plus

    text = piece.decode("utf-8", "surrogateescape")
    plain = {
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        repr(text)[1:-1],
        repr(piece)[2:-1],
        quote(piece),
        quote(piece, safe=""),
        quote_plus(piece),
    }
    forms = {piece, *(form.encode("utf-8", "surrogateescape") for form in plain), *_base64_forms(piece)}
    return {form for form in forms if len(form) >= SHORTEST}


def _base64_forms(piece: bytes) -> set[bytes]:
    """The characters of base64 that the piece alone decides, wherever in the encoded bytes it begins."""
    import base64

    found = set()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + piece)
        first, last = (0, 2, 3)[before], (before + len(piece)) * 8 // 6
        found |= {encoded[first:last], encoded[first:last].translate(bytes.maketrans(b"+/", b"-_"))}
    return found
