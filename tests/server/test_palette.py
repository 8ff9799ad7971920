"""Text and its ground keep the contrast of WCAG AA, in light and dark, on both kinds of page."""

import re
import tomllib

import pytest

from tests.server.conftest import ROOT

THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
SITE = (ROOT / "vendorrisk" / "server" / "assets" / "site.css").read_text()
WHITE = "#FFFFFF"
TEXT, PART = 4.5, 3.0
"""The least contrast of text, and of a part that one must see to use a page."""


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def site_colours():
    blocks = re.findall(r":root \{(.*?)\}", SITE, re.DOTALL)
    light, dark = (dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6})", block)) for block in blocks)
    return {"light": light, "dark": dark}


def test_contrast_is_reckoned_as_the_guidelines_say():
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_streamlit_pages(mode):
    theme = THEME[mode]
    grounds = [theme["backgroundColor"], theme["secondaryBackgroundColor"]]
    pairs = [
        *(
            (text, ground, TEXT)
            for text in (theme["textColor"], theme["linkColor"])
            for ground in grounds
        ),
        (WHITE, theme["primaryColor"], TEXT),  # the label of a primary button
        (theme["primaryColor"], theme["backgroundColor"], PART),
        (theme["dataframeHeaderTextColor"], theme["dataframeHeaderBackgroundColor"], TEXT),
    ]
    for colour in ("red", "orange", "yellow", "green", "blue", "violet", "gray"):
        pairs.append((theme[f"{colour}TextColor"], theme[f"{colour}BackgroundColor"], TEXT))
        pairs.append((theme[f"{colour}TextColor"], theme["backgroundColor"], TEXT))
    pairs += [
        (colour, theme["backgroundColor"], PART) for colour in theme["chartCategoricalColors"]
    ]

    assert [pair for pair in pairs if contrast(*pair[:2]) < pair[2]] == []


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_our_own_pages(mode):
    colours = site_colours()[mode]
    names = [
        *(
            (text, ground, TEXT)
            for text in ("ink", "muted", "link")
            for ground in ("paper", "surface", "sunk")
        ),
        *((tone, f"{tone}-ground", TEXT) for tone in ("red", "amber", "green", "blue")),
        *(("ink", f"{tone}-ground", TEXT) for tone in ("red", "amber", "green", "blue")),
        ("muted", "blue-ground", TEXT),
        ("link", "red-ground", TEXT),
        ("red", "surface", TEXT),
        ("on-action", "action", TEXT),
        ("on-action", "action-strong", TEXT),
        ("control", "paper", PART),
        ("control", "surface", PART),
        ("link", "surface", PART),
    ]

    assert [n for n in names if contrast(colours[n[0]], colours[n[1]]) < n[2]] == []


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_both_kinds_of_page_have_one_palette(mode):
    ours, theirs = site_colours()[mode], THEME[mode]

    assert (
        ours["paper"],
        ours["sunk"],
        ours["ink"],
        ours["action"],
        ours["link"],
        ours["border"],
    ) == (
        theirs["backgroundColor"],
        theirs["secondaryBackgroundColor"],
        theirs["textColor"],
        theirs["primaryColor"],
        theirs["linkColor"],
        theirs["borderColor"],
    )
