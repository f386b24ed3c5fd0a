"""Names of runs: what the author says, or else two short words."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui_flow.sdk.runs import FlowRun, TaskRun

_QUALITIES = [
    "able",
    "amber",
    "ample",
    "brave",
    "brisk",
    "bright",
    "calm",
    "clear",
    "clever",
    "cosy",
    "crisp",
    "daring",
    "deft",
    "eager",
    "early",
    "easy",
    "fair",
    "fast",
    "fine",
    "fleet",
    "fond",
    "frank",
    "fresh",
    "gentle",
    "glad",
    "golden",
    "good",
    "grand",
    "green",
    "happy",
    "hardy",
    "honest",
    "humble",
    "jolly",
    "keen",
    "kind",
    "lively",
    "loyal",
    "lucky",
    "mellow",
    "merry",
    "mild",
    "modest",
    "neat",
    "nimble",
    "noble",
    "patient",
    "plain",
    "polite",
    "prompt",
    "proud",
    "quick",
    "quiet",
    "ready",
    "round",
    "royal",
    "rustic",
    "sharp",
    "shiny",
    "silent",
    "silver",
    "simple",
    "sleek",
    "smart",
    "snug",
    "solid",
    "sound",
    "spry",
    "stable",
    "steady",
    "still",
    "sturdy",
    "sunny",
    "sure",
    "swift",
    "tall",
    "tidy",
    "trim",
    "true",
    "trusty",
    "vivid",
    "warm",
    "wise",
    "witty",
    "young",
    "zesty",
]
_ANIMALS = [
    "adder",
    "auk",
    "badger",
    "bat",
    "bear",
    "beaver",
    "bee",
    "bison",
    "boar",
    "bream",
    "carp",
    "cat",
    "civet",
    "cod",
    "condor",
    "coot",
    "crab",
    "crane",
    "cricket",
    "crow",
    "deer",
    "dingo",
    "dove",
    "duck",
    "eagle",
    "eel",
    "egret",
    "elk",
    "ermine",
    "falcon",
    "finch",
    "fox",
    "frog",
    "gecko",
    "gibbon",
    "goat",
    "goose",
    "grouse",
    "gull",
    "hare",
    "hawk",
    "heron",
    "horse",
    "ibex",
    "ibis",
    "jackal",
    "jay",
    "kite",
    "kiwi",
    "koala",
    "lark",
    "lemur",
    "linnet",
    "lion",
    "llama",
    "lynx",
    "magpie",
    "marten",
    "mole",
    "moose",
    "moth",
    "mouse",
    "newt",
    "okapi",
    "orca",
    "osprey",
    "otter",
    "owl",
    "ox",
    "panda",
    "pike",
    "pony",
    "puffin",
    "quail",
    "rabbit",
    "ram",
    "raven",
    "robin",
    "rook",
    "salmon",
    "seal",
    "shrew",
    "skunk",
    "sloth",
    "snail",
    "sparrow",
    "stork",
    "swan",
    "swift",
    "tapir",
    "tern",
    "tiger",
    "toad",
    "trout",
    "turtle",
    "viper",
    "vole",
    "wasp",
    "weasel",
    "whale",
    "wolf",
    "wren",
    "yak",
    "zebra",
]


def generated_name() -> str:
    """Such as "calm-otter"."""
    number = int.from_bytes(os.urandom(4), "big")
    return f"{_QUALITIES[number % len(_QUALITIES)]}-{_ANIMALS[number // 1024 % len(_ANIMALS)]}"


def custom_name(run: "FlowRun | TaskRun", template: str | Callable[..., str]) -> str | None:
    """What the author's `flow_run_name` or `task_run_name` makes of a run: a template filled with its parameters, or
    what the function returns. None, and a warning in the log, where that fails: a name is not worth a run."""
    from tui_flow.sdk.context import current
    from tui_flow.sdk.logging import logger_of

    token = current.set(run)
    try:
        name = template.format(**run.parameters) if isinstance(template, str) else _called(template, run)
        if not isinstance(name, str):
            raise TypeError(f"it returned {name!r}, and a string is required")
        return name
    except Exception as error:
        logger_of(run).warning(
            "The run keeps its generated name: %r: %s: %s", template, type(error).__name__, error
        )
        return None
    finally:
        current.reset(token)


def _called(function: Callable[..., Any], run: "FlowRun | TaskRun") -> Any:
    from tui_flow.sdk.params import signature_of

    takes_parameters = "parameters" in signature_of(function).parameters
    return function(parameters=run.parameters) if takes_parameters else function()
