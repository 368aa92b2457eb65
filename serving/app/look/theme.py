"""Two themes with one accent colour; they travel as flags, so that no file in anybody's home decides."""

from typing import Final

ACCENT: Final = {"light": "#4f46e5", "dark": "#a5a1ff"}

ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    f'<rect width="32" height="32" rx="8" fill="{ACCENT["light"]}"/>'
    '<g fill="#fff"><rect x="7" y="8" width="9" height="4" rx="2" opacity=".6"/>'
    '<rect x="7" y="14" width="13" height="4" rx="2" opacity=".8"/><rect x="7" y="20" width="18" height="4" rx="2"/></g></svg>'
)
"""Drawn here: Streamlit fetches the icons that it knows by name from elsewhere."""

_LIGHT: Final = {
    "primaryColor": ACCENT["light"],
    "backgroundColor": "#fbfbfd",
    "secondaryBackgroundColor": "#f0f0f5",
    "textColor": "#1d1d2b",
    "borderColor": "#e1e1ea",
    "codeBackgroundColor": "#f3f3f8",
}
_DARK: Final = {
    "primaryColor": ACCENT["dark"],
    "backgroundColor": "#14141c",
    "secondaryBackgroundColor": "#1f1f2b",
    "textColor": "#e9e9f2",
    "borderColor": "#33334a",
    "codeBackgroundColor": "#1b1b26",
}


def theme_flags() -> list[str]:
    """Flags of `streamlit run`; a browser that prefers dark gets the dark one."""
    both = (("light", _LIGHT), ("dark", _DARK))
    flags = [
        f"--theme.{name}.{key}={value}" for name, theme in both for key, value in theme.items()
    ]
    return [*flags, "--theme.baseRadius=10px", "--theme.showWidgetBorder=true"]
