"""Steps that belong together: each ``for`` with its ``endfor``, both in a place where their XML stays whole.

Tags are read one by one, so that one that cannot be read does not hide the others. What is left is a Jinja source of
one line per tag: the line of a node says which tag, and so which paragraph, it came from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import jinja2

from templates import sandbox
from templates.checking.findings import Findings, nearest, shortened
from templates.checking.tags import Tag, between, same_shape
from templates.lint import W

UNREADABLE = "unreadable_step"
"""Bound in the body of a loop or macro whose own tag cannot be read: every name may be bound there."""
ENDS = {"for": "endfor", "if": "endif", "macro": "endmacro", "with": "endwith", "set": "endset"}
FORBIDDEN_BLOCKS = {
    "raw": "endraw",
    "call": "endcall",
    "filter": "endfilter",
    "block": "endblock",
    "autoescape": "endautoescape",
}
FORBIDDEN = frozenset({*FORBIDDEN_BLOCKS, *sandbox.FORBIDDEN.values(), "do", "trans", "debug"})
MIDDLES = {"elif": frozenset({"if"}), "else": frozenset({"if", "for"})}
KEYWORDS = frozenset({*ENDS, *ENDS.values(), *MIDDLES, "colspan", "cellbg", "vm", "hm"})
ALLOWED = "for, if, elif, else, set, with, macro, and their ends"
TAKEN = {"p": "a paragraph of its own", "tr": "a table row of its own", "tc": "a table cell of its own"}
REPAIRED_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'"})
"""What docxtpl itself turns back into straight quotation marks."""
OTHER_TYPOGRAPHY = {
    "\u201e": '"', "\u201a": "'", "\u201b": "'", "\u201f": '"', "\u00ab": '"', "\u00bb": '"', "\u2039": "'",
    "\u203a": "'", "\u2032": "'", "\u2033": '"', "\u00b4": "'", "`": "'", "\u2013": "-", "\u2014": "-",
    "\u2212": "-", "\u2026": "...", "\u00a0": " ",
}  # fmt: skip
LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'")
MAX_CHARACTERS = 1000
"""Of one tag."""
STRUCTURE = frozenset(f"{W}{name}" for name in ("tc", "tr", "tbl", "txbxContent", "footnote", "endnote"))


@dataclass(slots=True)
class _Step:
    """A step that is not yet ended."""

    tag: Tag
    keyword: str
    end: str
    written_end: str
    """What ends it in the source: another one where its own beginning could not be used."""


@dataclass(slots=True)
class _Reader:
    environment: jinja2.Environment
    findings: Findings
    stack: list[_Step] = field(default_factory=list)

    def line(self, tag: Tag) -> str:
        """Return what stands for ``tag`` in the source."""
        if tag.opening == "{#":
            return ""
        check_taken(tag, self.findings)
        if tag.opening == "{{":
            return f"{{{{ {body} }}}}" if (body := self._readable(tag, tag.body, "{{ % }}")) else ""
        keyword = next(iter(re.findall(r"^\w+", tag.body)), "")
        if keyword in FORBIDDEN or keyword.removeprefix("end") in FORBIDDEN_BLOCKS:
            return self._forbidden(tag, keyword)
        if keyword in {"vm", "hm"}:
            return ""
        if keyword in {"colspan", "cellbg"}:
            value = tag.body.removeprefix(keyword)
            return f"{{{{ {body} }}}}" if (body := self._readable(tag, value, "{{ % }}")) else ""
        if keyword in MIDDLES:
            return self._middle(tag, keyword)
        if keyword.startswith("end"):
            return self._end(tag, keyword)
        return self._begin(tag, keyword)

    def _begin(self, tag: Tag, keyword: str) -> str:
        alone = keyword == "set" and "=" in tag.body
        if keyword not in ENDS:
            self.findings.error(
                tag.place, "a step that is not known", got=tag.text, expected=ALLOWED,
                proposal=self._corrected(tag, keyword),
            )  # fmt: skip
            return ""
        pattern = "{% % %}" if alone else f"{{% % %}}{{% {ENDS[keyword]} %}}"
        body = self._readable(tag, tag.body, pattern)
        if alone:
            return f"{{% {body} %}}" if body else ""
        replaced = "{% if true %}" if keyword == "if" else f"{{% with {UNREADABLE} = 0 %}}"
        end = ENDS[keyword] if body or keyword == "if" else "endwith"
        self.stack.append(_Step(tag, keyword, ENDS[keyword], end))
        return f"{{% {body} %}}" if body else replaced

    def _middle(self, tag: Tag, keyword: str) -> str:
        top = self.stack[-1] if self.stack else None
        if top is None or top.keyword not in MIDDLES[keyword]:
            expected = " or ".join(sorted(MIDDLES[keyword]))
            inside = f"; the step before it is {top.tag.text}" if top is not None else ""
            self.findings.error(
                tag.place, f"{keyword} without {expected}{inside}", got=tag.text, expected=f"a {expected} before it"
            )
            return ""
        self._same_seat(top, tag)
        if keyword == "else":
            return "" if top.written_end == "endwith" else "{% else %}"
        body = self._readable(tag, tag.body, "{% if true %}{% % %}{% endif %}")
        return f"{{% {body} %}}" if body else "{% elif true %}"

    def _end(self, tag: Tag, keyword: str) -> str:
        if keyword not in ENDS.values():
            known = {*ENDS.values()}
            self.findings.error(
                tag.place, "a step that is not known", got=tag.text, expected=ALLOWED,
                proposal=self._corrected(tag, keyword),
            )  # fmt: skip
            meant = nearest(keyword, known)
            if meant is None or not self.stack or self.stack[-1].end != meant:
                return ""
            keyword = meant
        depth = self._beginning_of(tag, keyword)
        if depth is None:
            begun = keyword.removeprefix("end")
            self.findings.error(tag.place, f"{keyword} without {begun}", got=tag.text, expected=f"a {begun} before it")
            return ""
        closed = ""
        while len(self.stack) - 1 > depth:
            closed += self._unclosed(self.stack.pop(), before=tag)
        step = self.stack.pop()
        self._same_seat(step, tag)
        return f"{closed}{{% {step.written_end} %}}"

    def _beginning_of(self, tag: Tag, keyword: str) -> int | None:
        """Return the depth of the step that ``tag`` ends: the last of its kind, before it one in the same seat."""
        same = [depth for depth, step in enumerate(self.stack) if step.end == keyword]
        if not same:
            return None
        if not _fits(self.stack[same[-1]].tag, tag):
            fitting = [depth for depth in same if _fits(self.stack[depth].tag, tag)]
            return (fitting or same)[-1]
        return same[-1]

    def close_all(self) -> str:
        """Return the ends of what was left open, each a finding."""
        closed = ""
        while self.stack:
            closed += self._unclosed(self.stack.pop())
        return closed

    def _unclosed(self, step: _Step, before: Tag | None = None) -> str:
        until = f" before {before.text}" if before is not None else ""
        self.findings.error(
            step.tag.place,
            f"{step.keyword} is not ended{until}",
            got=step.tag.text,
            expected=_written(step.tag.marker, step.end),
        )
        return f"{{% {step.written_end} %}}"

    def _forbidden(self, tag: Tag, keyword: str) -> str:
        if not keyword.startswith("end"):
            self.findings.error(tag.place, f"{keyword} may not be used here", got=tag.text, expected=ALLOWED)
        if keyword in FORBIDDEN_BLOCKS:
            self.stack.append(_Step(tag, keyword, FORBIDDEN_BLOCKS[keyword], "endif"))
            return "{% if true %}"
        if self.stack and self.stack[-1].end == keyword:
            self.stack.pop()
            return "{% endif %}"
        return ""

    def _same_seat(self, step: _Step, tag: Tag) -> None:
        if _fits(step.tag, tag):
            return
        begun, ended = step.tag, tag
        where = f"{step.keyword} and its {tag.body.split()[0]} do not stand in the same place"
        expected = f"{_written(begun.marker, ended.body)} in the same {_room(begun)} as {begun.text}"
        proposal = _written(begun.marker, ended.body) if begun.marker != ended.marker else None
        self.findings.error(
            tag.place, where, got=f"{begun.text} at {begun.place}", expected=expected, proposal=proposal
        )

    def _readable(self, tag: Tag, body: str, pattern: str) -> str | None:
        """Return ``body`` as Jinja reads it within ``pattern``, or ``None`` after saying why it cannot."""
        if len(body) > MAX_CHARACTERS:
            self.findings.error(tag.place, "the tag is too long", got=f"{len(body)} characters",
                                expected=f"at most {MAX_CHARACTERS}")  # fmt: skip
            return None
        straight = self._straightened(tag, body)
        if straight is None:
            return None
        if tag.marker and re.search(r"[{}%]", straight):
            self.findings.error(
                tag.place, f"a tag that takes {TAKEN.get(tag.marker, 'a run')} may not hold {{, }} or %", got=tag.text
            )
            return None
        try:
            self.environment.parse(pattern.replace("%", straight, 1) if "{{" in pattern else _put(pattern, straight))
        except RecursionError:
            self.findings.error(tag.place, "the tag is nested too deeply to be read", got=shortened(tag.text))
            return None
        except jinja2.TemplateSyntaxError as error:
            self.findings.error(
                tag.place, "the tag cannot be read", got=f"{tag.text}: {error.message}",
                expected=_form(tag), proposal=self._corrected(tag, body.partition(" ")[0]),
            )  # fmt: skip
            return None
        return straight

    def _straightened(self, tag: Tag, body: str) -> str | None:
        straight = body.translate(REPAIRED_QUOTES)
        outside = LITERAL.sub("", straight)
        if wrong := [character for character in outside if character in OTHER_TYPOGRAPHY and character != "\u00a0"]:
            proposal = tag.text.translate(REPAIRED_QUOTES)
            for character, plain in OTHER_TYPOGRAPHY.items():
                proposal = proposal.replace(character, plain)
            self.findings.error(
                tag.place, f"typographic characters in a tag: {' '.join(dict.fromkeys(wrong))}", got=tag.text,
                expected="straight quotation marks and plain hyphens", proposal=proposal,
            )  # fmt: skip
            return None
        if straight != body:
            self.findings.warning(
                tag.place, "typographic quotation marks in a tag", got=tag.text,
                expected="straight quotation marks", proposal=tag.text.translate(REPAIRED_QUOTES),
            )  # fmt: skip
        if "&" in straight or (tag.attribute and '"' in straight):
            self.findings.error(
                tag.place,
                "& in a tag would come out as &amp;" if "&" in straight else 'a description may not hold " in a tag',
                got=tag.text,
                expected="the text outside the tag" if "&" in straight else "single quotation marks",
            )
            return None
        return straight.replace("\u00a0", " ")

    @staticmethod
    def _corrected(tag: Tag, keyword: str) -> str | None:
        """Return the tag as it was probably meant: a marker with a blank before it, a misspelt keyword."""
        if tag.opening != "{%":
            return None
        if found := re.match(r"(tr|tc|p|r)[\s\u00a0]+(\w.*)", tag.body):
            return f"{{%{found.group(1)} {found.group(2)} %}}"
        if (glued := re.match(r"(tr|tc|p|r)(\w+)(.*)", tag.body)) and glued.group(2) in KEYWORDS:
            return f"{{%{glued.group(1)} {glued.group(2)}{glued.group(3)} %}}"
        meant = nearest(keyword, KEYWORDS | FORBIDDEN)
        if meant is None or meant == keyword:
            return None
        return _written(tag.marker, tag.body.replace(keyword, meant, 1))


def jinja_source(tags: Sequence[Tag], environment: jinja2.Environment, findings: Findings) -> str:
    """Return the steps and values of ``tags`` as Jinja, one line each; whatever is wrong becomes a finding."""
    reader = _Reader(environment, findings)
    lines = [reader.line(tag).replace("\n", " ") for tag in tags]
    return "\n".join(lines) + reader.close_all()


def check_taken(tag: Tag, findings: Findings) -> None:
    """Say where a tag takes the place of more than itself: whatever else stands there would be lost."""
    if not tag.marker:
        return
    taken = tag.taken
    if taken is None or tag.attribute:
        findings.error(
            tag.place, f"{tag.text[:2]}{tag.marker} outside a table" if tag.marker != "p" else "no paragraph to take",
            got=tag.text, expected=_written("p", tag.body) if tag.opening == "{%" else f"{{{{p {tag.body} }}}}",
        )  # fmt: skip
        return
    if tag.marker == "r":
        return
    written = "".join(element.text or "" for element in taken.iter(f"{W}t"))
    rest = written.replace(tag.text, "", 1).strip()
    if rest:
        findings.error(
            tag.place, f"beside a {tag.opening}{tag.marker} tag everything is lost", got=f"{tag.text} beside {rest}",
            expected=f"{tag.text} in {TAKEN[tag.marker]}",
        )  # fmt: skip
    if taken.find(f".//{W}sectPr") is not None or taken.find(f".//{W}drawing") is not None:
        what = "a section break" if taken.find(f".//{W}sectPr") is not None else "a picture"
        findings.error(
            tag.place, f"{what} in the place of a {tag.opening}{tag.marker} tag would be lost", got=tag.text,
            expected=f"{what} in a paragraph of its own",
        )  # fmt: skip


def _fits(begun: Tag, ended: Tag) -> bool:
    """Whether the XML between two tags stays whole, repeated or left out, and no cell or row is torn."""
    first, last = begun.seat, ended.seat
    if first is None or last is None:
        return True
    if bool(begun.marker) != bool(ended.marker) or (begun.marker and begun.marker != ended.marker):
        return False
    crossed = [element.tag for side in between(first, last) for element in side]
    return same_shape(first, last) and not STRUCTURE.intersection(crossed)


def _room(tag: Tag) -> str:
    """Return what a tag's partner has to share with it."""
    return {"tr": "table", "tc": "table row", "p": "cell or text", "r": "paragraph"}.get(tag.marker, "cell or text")


def _written(marker: str, body: str) -> str:
    return f"{{%{marker} {body} %}}"


def _form(tag: Tag) -> str:
    return "{{ name }} or {{ name|filter }}" if tag.opening == "{{" else ALLOWED


def _put(pattern: str, body: str) -> str:
    return pattern.replace(" % ", f" {body} ", 1)
