"""Tells whether an answer fits what a suspended run asked for, by the author's own model, in a process that is thrown away.

    python -m tui_flow.sdk.answer_check <run directory> <key>

reads the answer's values as a JSON object, and prints a JSON list of pairs: a field, and what is wrong with it. The run
left its model when it was suspended (`keep`). Where there is none that can be read, this fails, and the run itself says
what it thinks of the answer once it goes on.
"""

import json
import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_flow.contract import questions, rundir
from tui_flow.contract.errors import EXIT_STATE, EXIT_USAGE
from tui_flow.sdk.exceptions import AnswerRefused, SerializationError
from tui_flow.sdk.masking import masker

if TYPE_CHECKING:
    from tui_flow.sdk.input import Form


def keep(directory: Path, key: str, form: "Form") -> None:
    """Leaves the model for whoever checks an answer; nothing where it cannot leave the process, or holds a secret."""
    from tui_flow.sdk import remote

    try:
        data = remote.dumps(form, "what is asked for")
    except SerializationError:
        return
    if not masker.finds_in(data):
        questions.keep_model(directory, key, data)


def errors_of(directory: Path, key: str, values: dict[str, Any]) -> list[list[str]]:
    """What is wrong with the answer, field by field. Raises whatever reading the author's model raises."""
    from tui_flow import prefect_alias
    from tui_flow.sdk import flow_file

    spec = rundir.read_spec(directory)
    data = questions.model_path(directory, key).read_bytes()
    if spec is not None:
        os.chdir(spec.project)
        flow_file.set_import_path(Path(spec.path), Path(spec.project))
    prefect_alias.install()
    form: Form = pickle.loads(data)  # noqa: S301  (the run's own, 0600)
    try:
        form.value_of(values)
    except AnswerRefused as error:
        return error.errors
    return []


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m tui_flow.sdk.answer_check <run directory> <key>", file=sys.stderr)  # noqa: T201
        return EXIT_USAGE
    answer_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the author's code prints is no answer
    try:
        found = errors_of(Path(arguments[0]), arguments[1], json.load(sys.stdin))
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_STATE
    json.dump(found, answer_to)
    answer_to.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
