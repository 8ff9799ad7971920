"""New content: a small questionnaire to begin with, and the next version of an existing one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from vendorrisk.content.packs import CATALOGUE, Library, NoSuchPack, is_pack, load_kinds, version_of
from vendorrisk.content.reading import display_name
from vendorrisk.document import InvalidContent, Place, Problem

_ID = re.compile(r"[a-z][a-z0-9\-]{0,59}")

_VERSION_LINE = re.compile(r"(?m)^((?:questionnaire_)?version: *)[0-9]+")

_SET_ASIDE = ("catalogs", "methods")
"""Folders of a library that hold no questionnaire of their own name."""

_FIRST = {
    "questionnaire.yaml": """\
# What the vendor is asked. The rubric beside it, which the vendor never sees, says how it counts.
# Two questions to replace with your own; `vendorrisk check` tells whatever does not fit.
questionnaire: {id}
version: 1
status: draft  # `published` once it is ready; from then on no word of it changes
title: {title}
purpose: >-
  Asks what happens to our data on paper. Say here what yours is for, and who "you" and "we" are.
answered_by: vendor
facts:  # what is known before the first answer; the rubric and `show_when` may use it
  tier: {{says: Inherent risk tier, one_of: ["1", "2", "3", "4"]}}
sections:
- section: paper
  title: Paper
  intro: Printed copies of our data, from the printer to the shredder.
  questions:

  # One question asks one thing. Its id says what it is about, and is the same in each set that asks
  # it, so that one answer serves all: look through the other sets before you make up an id.
  - id: paper_destroyed
    ask: What happens to a printed copy of our data once nobody needs it?
    help: Count drafts and misprints. Answer for the place with the weakest arrangement.
    answer: one_of  # or many_of, number, date, text
    answered_by: security  # or engineering, legal, business: who of the vendor's people knows
    minutes: 1
    choices:  # best first; each can be seen, and no two fit one vendor
      shredded_here: It is shredded where it was printed, and a log says when
      collected: A firm collects it in a locked bin and certifies that it was destroyed
      left_to_staff: Each person shreds it or throws it away
      waste: It goes into the ordinary waste
    # The only ground on which it may not apply. Leave the line out where it always applies.
    not_applicable: Printing is switched off wherever our data can be seen.
    evidence:  # what would prove the better answers; the kinds stand in catalogs/evidence.yaml
    - for: [shredded_here, collected]
      accept: [{kind}]
      says: The log or the certificates of the last three months.

  - id: paper_uncollected
    ask: What becomes of pages that nobody fetches from a printer?
    help: Count printers at home that your staff use for work.
    answer: one_of
    answered_by: engineering
    minutes: 1
    choices:
      held: Nothing is printed until the person signs in at the printer
      cleared_daily: They are shredded at the end of each working day
      noticed: They are shredded when somebody notices them
      left: They stay where they are
    evidence:
    - for: [held, cleared_daily]
      accept: [{kind}]
      says: The printer's settings, or the instruction with the name of whoever clears up.
""",
    "rubric.yaml": """\
# How the answers count. docs/rubrics.md teaches the whole language.
rubric: {id}
version: 1
questionnaire: {id}
title: {title} rubric
# authors: [you@example.org]  # who wrote this; they do not judge what it scores

assurance:  # which share of its points an answer keeps, by how well it is proven
  by: tier
  levels: [self_attested, documented, audited, verified]
  shares:
    "1": [0.5, 0.7, 0.9, 1]
    "2": [0.6, 0.75, 0.9, 1]
    "3": [0.75, 0.85, 1, 1]
    "4": [0.9, 1, 1, 1]
  admissions: 40  # answers worth this or less need no proof
  evidence:
    {kind}: documented  # the level that this kind of evidence supports
  stale: {{drops: 1, self_attested_after: 1.5}}

weights: {{critical: 5, high: 3, medium: 2, low: 1}}

domains:
  paper: {{title: Paper, critical: true}}  # a weak critical domain holds the whole score down

criteria:

- criterion: paper-destroyed
  question: paper_destroyed
  domain: paper
  weight: high
  because: What is thrown away whole can be read by whoever finds it.  # the reason for the weight
  points: {{shredded_here: 100, collected: 80, left_to_staff: 35, waste: 0}}
  remedy: Put a shredder or a locked bin beside each printer, and have the bins' firm certify.
  clause: The supplier destroys printed copies of the customer's data and keeps proof of it.

- criterion: paper-uncollected
  question: paper_uncollected
  domain: paper
  weight: medium
  because: A page in a printer is read by whoever comes next.
  points: {{held: 100, cleared_daily: 70, noticed: 35, left: 0}}
  remedy: Print only once the person has signed in at the printer.

rules:  # an effect that no average takes back: knock_out, cap, or clarify: [two questions]

- rule: paper-in-the-waste
  when: {{paper_destroyed: waste}}
  cap: true
  because: Our data lies readable in the waste.

- rule: shredded-yet-left
  when: {{paper_destroyed: shredded_here, paper_uncollected: left}}
  clarify: [paper_destroyed, paper_uncollected]
  because: Paper is said to be shredded, and pages stay in the printers.

limits: {{knocked_out: 29, capped: 59, weakest_critical_plus: 25, not_applicable: 60%}}
bands: {{strong: 85, adequate: 70, limited: 55, weak: 30, unacceptable: else}}
""",
    "cases.yaml": """\
# What the rubric must give: `vendorrisk test` runs each case, and `vendorrisk check` names every
# choice, rule and band that no case reaches.
cases:

- case: exemplar
  says: The best answer to everything, seen by us.
  start: best
  assurance: verified
  facts: {{tier: "1"}}
  expect: {{overall: 100, band: strong, rules: []}}

- case: worst
  says: The worst answer to everything.
  start: worst
  facts: {{tier: "1"}}
  expect: {{overall: 0, band: unacceptable, rules: [paper-in-the-waste]}}

- case: blank
  says: Nothing answered. Silence on what could cap is not cleared.
  facts: {{tier: "1"}}
  expect: {{overall: 0, band: unacceptable, rules: ["not-cleared:paper_destroyed"]}}

- case: second-best
  says: The second answers, seen by us.
  start: exemplar  # a case may start from one above it, and say only what differs
  answers: {{paper_destroyed: collected, paper_uncollected: cleared_daily}}
  expect: {{overall: 76, band: adequate, rules: []}}

- case: intentions
  says: The third answers. Admissions need no proof.
  start: exemplar
  assurance: self_attested
  answers: {{paper_destroyed: left_to_staff, paper_uncollected: noticed}}
  expect: {{overall: 35, band: weak, rules: []}}

# Each rule for and against

- case: in-the-waste
  says: Paper goes into the waste; the rest is at its best.
  start: exemplar
  answers: {{paper_destroyed: waste}}
  expect: {{overall: 40, band: weak, rules: [paper-in-the-waste]}}

- case: shredded-yet-left
  says: A contradiction asks, and takes no points of its own.
  start: exemplar
  answers: {{paper_uncollected: left}}
  expect: {{overall: 60, band: limited, rules: [shredded-yet-left]}}

# Proof

- case: on-its-word
  says: The exemplar without proof ends at half in tier 1.
  start: best
  facts: {{tier: "1", scope: {{product: Casework}}}}
  as_of: 2026-11-01
  expect: {{overall: 50, band: weak, rules: []}}

- case: fresh-evidence
  says: A fresh document proves the answer that it is about.
  start: on-its-word
  evidence:
    E1: {{kind: {kind}, for: [paper_destroyed], dated: 2026-10-25, scope: {{product: Casework}}}}
  expect: {{overall: 62, band: limited, rules: []}}

- case: stale-evidence
  says: The same gone stale proves nothing.
  start: on-its-word
  evidence:
    E1: {{kind: {kind}, for: [paper_destroyed], dated: 2016-10-25, scope: {{product: Casework}}}}
  expect: {{overall: 50, band: weak, rules: []}}

- case: evidence-on-another-product
  says: The same about another product proves nothing.
  start: on-its-word
  evidence:
    E1: {{kind: {kind}, for: [paper_destroyed], dated: 2026-10-25, scope: {{product: Payroll}}}}
  expect: {{overall: 50, band: weak, rules: []}}

- case: contradicted
  says: "A reviewer finds the answer contradicted: nothing earned, and capped."
  start: exemplar
  review: {{paper_uncollected: {{assurance: contradicted, reason: Pages lay there on our visit.}}}}
  expect: {{overall: 59, band: limited, rules: ["contradicted:paper_uncollected"]}}

# What does not apply

- case: nothing-printed
  says: "Nothing is printed, and a reviewer agrees: the question leaves both sums."
  start: exemplar
  answers: {{paper_destroyed: {{not_applicable: Printing is switched off.}}}}
  review: {{paper_destroyed: {{not_applicable: approved}}}}
  expect: {{overall: 100, band: strong, rules: []}}

- case: nothing-printed-unapproved
  says: "Before a reviewer agrees it earns nothing, and the cap is not cleared."
  start: exemplar
  answers: {{paper_destroyed: {{not_applicable: Printing is switched off.}}}}
  expect: {{overall: 40, band: weak, rules: ["not-cleared:paper_destroyed"]}}
""",
}

_FIRST_CATALOGUE = """\
# The kinds of evidence that questions may accept. A kind with `no_older_than` goes stale.
kinds:
  policy:
    title: Policy or procedure
    help: Approved and dated, with the name of its owner.
    no_older_than: 12 months
"""


def new_questionnaire(library: Library, name: str) -> Path:
    """Write a small working draft to edit; returns its folder. Raises InvalidContent.

    A library that has no catalogue of evidence yet gets a first one.
    """
    folder = library.root / name
    if not _ID.fullmatch(name):
        raise _refused(
            "bad-id",
            f"`{name}` cannot name a questionnaire: use small letters, digits and - (at most 60), "
            "beginning with a letter.",
            library.root,
        )
    if name in _SET_ASIDE:
        raise _refused(
            "bad-id", f"`{name}` is a folder of the library itself: use another name.", library.root
        )
    if folder.exists():
        raise _refused(
            "duplicate-id",
            f"`{name}` exists already: edit it, or, once it is published, begin its next version "
            f"with `vendorrisk new version {name}`.",
            folder,
        )
    catalogue = library.root / CATALOGUE
    first = folder / "v1"
    try:
        if not catalogue.exists():
            catalogue.parent.mkdir(parents=True, exist_ok=True)
            catalogue.write_text(_FIRST_CATALOGUE, encoding="utf-8")
        kinds = load_kinds(library.root)
        kind = "policy" if "policy" in kinds else next(iter(kinds))
        title = name.replace("-", " ").capitalize()
        first.mkdir(parents=True)
        for file, text in _FIRST.items():
            (first / file).write_text(
                text.format(id=name, title=title, kind=kind), encoding="utf-8"
            )
    except OSError as error:
        raise _unwritable(first, error) from None
    return first


_AUTHORS = "# authors: [you@example.org]  # who wrote this; they do not judge what it scores"


def new_version(library: Library, name: str) -> Path:
    """Copy the highest version of an id as a draft of the next; returns its folder.

    Raises NoSuchPack, and InvalidContent where that version is itself a draft still.
    """
    base = next(
        (b for b in (library.root / name, library.root / "methods" / name) if b.is_dir()), None
    )
    folders = [f for f in base.iterdir() if version_of(f) and is_pack(f)] if base else []
    if not _ID.fullmatch(name) or not folders or base is None:
        raise NoSuchPack(f"There is no questionnaire or method `{name}`.")
    latest = max(folders, key=lambda folder: version_of(folder) or 0)
    if library.load(latest).draft:
        raise _refused(
            "still-a-draft",
            f"{display_name(latest)} is a draft still: edit it, and publish it before you begin "
            "its next version.",
            latest,
        )
    version = (version_of(latest) or 0) + 1
    following = base / f"v{version}"
    try:
        shutil.copytree(latest, following)
        for file in ("questionnaire.yaml", "rubric.yaml"):
            path = following / file
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                text = _VERSION_LINE.sub(rf"\g<1>{version}", text)
                text = re.sub(r"(?m)^status: *published", "status: draft", text, count=1)
                if file == "rubric.yaml" and not re.search(r"(?m)^(# )?authors:", text):
                    text = re.sub(r"(?m)^title:.*\n", rf"\g<0>{_AUTHORS}\n", text, count=1)
                path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritable(following, error) from None
    return following


def _unwritable(folder: Path, error: OSError) -> InvalidContent:
    return _refused(
        "unwritable", f"The files cannot be written: {error.strerror or error}.", folder
    )


def _refused(code: str, message: str, at: Path) -> InvalidContent:
    return InvalidContent([Problem(code, message, Place(display_name(at)))])
