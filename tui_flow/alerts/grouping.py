"""Which errors are one: those whose texts differ only in what differs from one time to the next.

A number is left out of account, but where it says what went wrong, or belongs to a name: an acknowledged 401 must not keep
a 503 quiet, nor one customer another.
"""

import re
from http import HTTPStatus

_PHRASES = "|".join(re.escape(status.phrase) for status in HTTPStatus)
_VARYING = r"""
    /tmp/\S+
  | 0x[0-9a-f]+
  | \b[0-9a-f]{8}-[0-9a-f-]{27}\b                                       # a UUID
  | \b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,}\b | \b[0-9a-f]{12,}\b          # a hash
  | \b\d{4}-?\d\d-?\d\d[T ]\d\d:?\d\d(?::?\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?
  | (?<![\w:])(?=[0-9a-f]*:[0-9a-f]*:)(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])  # an address, a time of day
  | \b(?:\d+(?:\.\d+)?(?:d|h|m|min|s|ms|us|µs|ns))+\b
  | (?<![a-z])(?:run|task|job|attempt|try|retry|line|port|row|record|item|id|pid|batch|page|chunk|part)[-_]?\d+
  | \b[a-z]*(?:thread|process|worker|executor)[-_]?\d+(?:_\d+)?           # what Python numbers by itself
"""
_TELLING = r"""
    (?<![a-z])(?:errno|winerror|error|(?:status|exit|err|error|return)?code|status|rc|signal|exit(?:ed)?(?:\ with)?
        |https?(?:/\d(?:\.\d)?)?)[\s:=\#"'(\[]{0,4}-?\d{1,5}\b
  | (?<![a-z])(?:ORA|TNS|DPY)-\d+
  | (?<![a-z])SQLSTATE\W{0,3}\w{5}\b
  | (?<![a-z])(?:got|answered|returned|response|responded\ with)\s[1-5]\d\d(?!\w|\s\w|[.,]\d)
  | \b[1-5]\d\d(?=,?\s(?:message=|(?:client\ error|server\ error|PHRASES)\b))
  | [^\W\d_][-_]?\d{1,3}(?!\d)                                          # zed1, wh-2, orders_7
""".replace("PHRASES", _PHRASES)
_PARTS = re.compile(rf"{_VARYING} | (?P<telling>{_TELLING}) | \d+(?:[.,]\d+)*", re.VERBOSE | re.IGNORECASE)


def steady(text: str) -> str:
    """The text without what differs from one time to the next."""
    return _PARTS.sub(lambda found: found["telling"] or "#", text)
