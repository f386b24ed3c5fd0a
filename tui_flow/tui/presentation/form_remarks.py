"""What stands beside a field of a form."""

from tui_flow.counting import counted
from tui_flow.tui.presentation import Line
from tui_flow.tui.presentation.field_texts import MOMENTS, is_relative, start_of
from tui_flow.tui.presentation.fields import Field
from tui_flow.tui.presentation.form import Form


def remark(form: Form, field: Field, source: str) -> Line:
    """What is to be known of the text: what is wrong, or what it was. `source` says where it began: "run 812"."""
    if field.is_group:
        return _group_remark(form, field)
    wrong = form.problem(field)
    if wrong and (form.texts[field.path].strip() or not field.required):
        return [(wrong, "bad")]
    if field.is_secret:
        return [(_of_secret(form, field, source), "dim")]
    if form.is_default(field) and not form.is_changed(field):
        return [(form.default_words.get(field.path, "default"), "dim")]
    if field.format in MOMENTS and is_relative(form.texts[field.path]):
        return [(f"= {form.value(field)}", "live")]
    if form.is_changed(field):
        return [("~ ", "warn"), (f"was {_short(field, form.start[field.path])}", "")]
    if wrong:
        return [("required", "warn")]
    default = (
        "" if field.required or not field.has_default else f"default is {_short(field, start_of(field))}"
    )
    return [("~ ", "warn"), (default, "")] if default else [(f"as in {source}" if source else "", "dim")]


def _of_secret(form: Form, field: Field, source: str) -> str:
    if form.keeps(field):
        return f"as in {source}, not shown" if source else "not shown"
    if form.texts[field.path]:
        return "~ another, hidden"
    if field.path in form.lost:
        return "not kept: type it"
    return "required" if field.required else "the flow's own"


def _group_remark(form: Form, group: Field) -> Line:
    if group.path in form.unset:
        if form.is_changed(group):
            return [("~ ", "warn"), ("was set", "")]
        return [("default", "dim")] if form.is_default(group) else []
    leaves = [leaf for leaf in form.inside(group) if not form.is_inside_unset(leaf)]
    wrong = len(form.problems_of(leaves))
    if wrong:
        return [(f"{wrong} wrong below", "bad")]
    changed = [leaf.name for leaf in leaves if not form.is_default(leaf)]
    line: Line = [(counted(len(form.children(group)), "field"), "dim")]
    return [*line, (f", ~{', '.join(changed)}", "warn")] if changed else line


def _short(field: Field, text: str) -> str:
    if field.is_flag:
        return "on" if text == "true" else "off"
    return text if text.strip() else "empty"
