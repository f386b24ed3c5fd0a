"""The three themes: dark, light, and one of the terminal's own sixteen colours. What a role looks like stands here."""

from textual.theme import Theme

_DARK = {
    "ok": "#5fbf9a",
    "bad": "#f2704f",
    "live": "#6cb6ff",
    "warn": "#e5a84b",
    "gone": "#c58af9",
    "dim": "#868e99",
    "frame": "#3b424d",
    "strong": "#f0f3f6",
    "key": "#9ecbff",
    "match": "#14171c",
}
_LIGHT = {
    "ok": "#00745a",
    "bad": "#c43c10",
    "live": "#0a63b0",
    "warn": "#8f5b00",
    "gone": "#7d3fb8",
    "dim": "#6a7078",
    "frame": "#c3c8cf",
    "strong": "#101418",
    "key": "#0a4f8f",
    "match": "#ffffff",
}
_ANSI = {
    "ok": "ansi_green",
    "bad": "ansi_red",
    "live": "ansi_cyan",
    "warn": "ansi_yellow",
    "gone": "ansi_magenta",
    "key": "ansi_cyan",
}
_STYLES = {"bad": "bold", "strong": "bold", "key": "bold", "match": "bold"}


def _variables(
    colours: dict[str, str], cursor: str, blurred: str, match: str, styles: dict[str, str]
) -> dict[str, str]:
    """The theme's variables: `role-<role>` is a colour, `role-<role>-style` a style of Rich's."""
    return {
        **{f"role-{name}": colour for name, colour in colours.items()},
        **{f"role-{name}-style": style for name, style in {**_STYLES, **styles}.items()},
        "role-cursor-style": cursor,
        "role-cursor-blurred-style": blurred,
        "role-match-style": match,
    }


THEMES = (
    Theme(
        name="tui-flow-dark",
        primary="#6cb6ff",
        foreground="#c9d1d9",
        background="#14171c",
        surface="#1b1f26",
        panel="#1f242c",
        variables={
            **_variables(_DARK, "on #26303d", "on #1d232b", "bold on #e5a84b", {}),
            "frame": "#3b424d",
            "frame-focus": "#6cb6ff",
            "title": "#aab4c0",
        },
    ),
    Theme(
        name="tui-flow-light",
        dark=False,
        primary="#0a63b0",
        foreground="#24292f",
        background="#fcfcfa",
        surface="#f2f2ef",
        panel="#ececea",
        variables={
            **_variables(_LIGHT, "on #dce9f7", "on #eeeeea", "bold on #8f5b00", {}),
            "frame": "#c3c8cf",
            "frame-focus": "#0a63b0",
            "title": "#4a5058",
        },
    ),
    Theme(
        name="tui-flow-ansi",
        ansi=True,
        primary="ansi_blue",
        error="ansi_red",
        warning="ansi_yellow",
        success="ansi_green",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        variables={
            **_variables(_ANSI, "reverse", "bold", "reverse", {"dim": "dim", "frame": "dim"}),
            "frame": "ansi_default",
            "frame-focus": "ansi_cyan",
            "title": "ansi_default",
            # Textual's own stylesheets ask for these, and only its own ANSI themes have them.
            "ansi-background": "ansi_default",
            "ansi-foreground": "ansi_default",
        },
    ),
)
