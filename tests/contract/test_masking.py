"""No secret is left in what went through the masker, however it was written."""

import base64
import hashlib
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_flow.contract.masking import SHORTEST, STARS, Masker, forms_of, pieces_of

SECRET = "p@ss w/örd+\"quoted\"\\&'x'=?"
secrets = st.text(
    st.characters(codec="utf-8", exclude_characters="*\n\r"), min_size=SHORTEST, max_size=300
).filter(lambda text: len(text.strip()) >= SHORTEST and text == text.strip())


def knowing(*secrets: str) -> Masker:
    masker = Masker()
    for secret in secrets:
        masker.learn(secret)
    return masker


@pytest.mark.parametrize(
    "write",
    [
        str,
        lambda text: json.dumps({"password": text}),
        lambda text: json.dumps([text], ensure_ascii=False),
        repr,
        lambda text: repr({"a": text.encode()}),
        lambda text: f"https://host/x?token={quote(text)}",
        lambda text: f"https://host/x?token={quote(text, safe='')}",
        quote_plus,
        lambda text: urlencode({"a": "b", "token": text}),
        lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
        lambda text: base64.urlsafe_b64encode(f"me:{text}:more".encode()).decode(),
        lambda text: base64.b64encode(text.encode()).decode(),
    ],
    ids=["plain", "json", "utf-8 json", "repr", "bytes", "url", "url all", "plus", "form", "basic", "urlsafe", "base64"],
)  # fmt: skip
def test_a_secret_is_found_however_it_was_written(write) -> None:
    written = write(SECRET).encode()
    masked = knowing(SECRET).mask(b"before " + written + b" after")
    assert STARS in masked and masked.startswith(b"before ") and masked.endswith(b" after")
    assert not [form for form in forms_of(SECRET.encode()) if form in masked]


@settings(max_examples=300)
@given(secrets, secrets, st.text(max_size=40), st.binary(max_size=40), st.data())
def test_no_form_of_a_secret_survives(one: str, other: str, text: str, noise: bytes, data) -> None:
    masker = knowing(one, other)
    written = [data.draw(st.sampled_from(sorted(forms_of(piece)))) for piece in sorted(masker.pieces)]
    masked = masker.mask(b"|".join([text.encode("utf-8", "surrogatepass"), *written, noise]))
    assert not masker.finds_in(masked)


@settings(max_examples=100)
@given(secrets, st.binary(max_size=20), st.integers(1, 3))
def test_base64_is_found_wherever_the_secret_begins(secret: str, before: bytes, times: int) -> None:
    masker = knowing(secret)
    encoded = base64.b64encode(before + secret.encode() * times + before)
    (first, *_) = pieces_of(secret)
    assert STARS in masker.mask(encoded), first


def test_of_a_secret_of_several_lines_each_line_is_hidden_and_json_of_it_too() -> None:
    key = (
        "-----BEGIN KEY-----\n"
        + "\n".join("MIIBVQ" + chr(97 + n) * 50 for n in range(4))
        + "\n-----END KEY-----\n"
    )
    masker = knowing(key)
    assert b"MIIBVQ" not in masker.mask(key.encode()) and b"MIIBVQ" not in masker.mask(
        json.dumps(key).encode()
    )


def test_a_long_secret_is_hidden_whole_and_a_short_one_not_at_all() -> None:
    long = "".join(hashlib.sha256(b"%d" % n).hexdigest() for n in range(80))
    assert set(knowing(long).mask(long.encode())) == set(STARS)
    assert knowing("pass").mask(b"compass pass") == b"compass pass"


def test_who_knows_no_secret_changes_nothing() -> None:
    masker, data = Masker(), bytes(range(256))
    assert masker.mask(data) is data and masker.forms == [] and masker.overlap == 0


def test_the_longer_of_two_secrets_that_begin_alike_is_hidden_whole() -> None:
    assert (
        knowing("password-one", "password-one-and-more").mask(b"x password-one-and-more y") == b"x ******** y"
    )
