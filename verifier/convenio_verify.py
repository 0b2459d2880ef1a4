#!/usr/bin/env python3
"""Verifies a Convenio dossier, offline, without Convenio: one file, to be read before it is run.

    python3 convenio_verify.py DOSSIER.zip --keys KEYS.json [--json]

It needs Python 3.11 and ``cryptography``. With ``pyhanko`` installed it also looks at the signatures, seals and
timestamps; without, it says that it did not, and nothing better than indeterminate. The keys
come from the organisation by another way than the dossier.

Each part gets a verdict: valid, invalid or indeterminate (EN 319 102-1 5.1.3 calls them TOTAL-PASSED, TOTAL-FAILED and
INDETERMINATE), with the reason and the place. Exit 0 valid, 1 invalid, 3 indeterminate, 2 for wrong use, 130 when
interrupted.

Every member is the one that the organisation handed out, or the verdict is invalid. Whether what it says is true is
another question: what this does not look at, it lists (``NOT_LOOKED_AT``), and the verdict is about the rest.

Standards: RFC 9162 2.1.3 (inclusion proofs), C2SP signed-note, tlog-checkpoint, tlog-proof and tlog-cosignature,
RFC 8785 (canonical JSON), RFC 3161 (timestamps), EN 319 142-1 (PAdES), PKWARE APPNOTE 6.3.10 (the container).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import logging
import re
import struct
import sys
import zlib
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.x509 import load_pem_x509_certificates
except ImportError:
    print("this verifier needs the Python package cryptography: python3 -m pip install cryptography", file=sys.stderr)
    sys.exit(2)

VALID, INVALID, INDETERMINATE = "valid", "invalid", "indeterminate"
EXIT = {VALID: 0, INVALID: 1, INDETERMINATE: 3}
NOT_LOOKED_AT = (
    "agreement.pdf: how its objects lie in its bytes, and what a revision changed that pyHanko lets pass",
    "agreement.pdf: the level the marks reach today, and by trusted lists whether a signature is qualified",
    "drafts: which facts were confirmed by whom; what text and pages say against the data",
    "bound.json: whether the archive holds what is said to change or end the agreement, and nothing else that does",
    "entries: whether retention, legal holds and a disposal followed their rules",
    "evidence: what scans, their seals and the evidence of authority say; only that they are the ones recorded",
    "etsi: what the reports say; only that they are the ones recorded",
    "summary.html, README.txt: whether they say what the evidence says; only that they are the ones handed out",
)  # fmt: skip
LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
SEALS = ("seal:opening", "seal:closing")
RECORDED = {"click": ("Click-to-sign by the signatory", "SES"), "paper": ("Paper original signed by hand", "scanned")}
"""How the seal in a signatory's field says what it records, and what that legally is."""
CLOCK_TOLERANCE = timedelta(minutes=5)
SIZE_MAX_BYTES = 1 << 30
HARMLESS = ("unspecified", "affiliation_changed", "superseded", "cessation_of_operation")
"""The reasons of revocation that leave an authority's earlier timestamps valid, once stated (RFC 3161 4)."""


class Wrong(Exception):
    """Something does not hold; ``place`` says where."""

    def __init__(self, what, place=None):
        super().__init__(what)
        self.place = place


class NotThere(Exception):
    """Something needed to look at a part is not installed."""


class Unusable(Exception):
    """A file that was named is not what is needed: no verdict on anything."""


def must(holds, what, place=None):
    if not holds:
        raise Wrong(what, place)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Findings:
    """Collects findings; whatever goes wrong inside a check is one, and never a crash."""

    def __init__(self):
        self.found = []

    def add(self, part, verdict, reason, place=None, sub_indication=None):
        texts = (part, reason, place, sub_indication)
        part, reason, place, sub_indication = (None if text is None else plain(text) for text in texts)
        self.found.append(
            {"part": part, "verdict": verdict, "reason": reason, "place": place, "sub_indication": sub_indication}
        )

    def check(self, part, act, place=None):
        """Run ``act``, which returns evidence and a sentence; return the evidence, ``None`` where there is none."""
        try:
            evidence, reason = act()
        except Wrong as fault:
            self.add(part, INVALID, str(fault), fault.place or place)
        except Exception as fault:  # hostile bytes may raise anything; that is a verdict on them
            self.add(part, INVALID, f"cannot be read: {type(fault).__name__}: {fault}", place)
        else:
            self.add(part, VALID, reason, place)
            return evidence
        return None

    @property
    def verdict(self):
        verdicts = {finding["verdict"] for finding in self.found}
        return next((verdict for verdict in (INVALID, INDETERMINATE) if verdict in verdicts), VALID)


def plain(text):
    """Return hostile text safe to print, at most 1,000 characters of it."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(text)[:1000])


# The container: a zip in the one form that it may have.

LOCAL, ENTRY, END = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s4H2LH")
NAME = re.compile(r"(?=.{1,200}\Z)[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")


def read_container(content):
    """Return the members by name; whatever is not as it would be written again is refused."""
    must(22 <= len(content) <= SIZE_MAX_BYTES, "this is no container")
    mark, _, _, _, count, size, start, _ = END.unpack(content[-22:])
    ended = mark == b"PK\x05\x06" and start + size + 22 == len(content)
    must(ended, "the container has no end", f"byte {len(content)}")
    members, at = {}, start
    for _ in range(count):
        must(at + 46 <= len(content) - 22, "the container's directory is cut", f"byte {at}")
        fields = ENTRY.unpack(content[at : at + 46])
        length, name_length, offset = fields[8], fields[10], fields[16]
        name = content[at + 46 : at + 46 + name_length].decode()
        must(NAME.fullmatch(name) and name not in members, "a hostile member name", name)
        begin = offset + 30 + name_length
        must(begin + length <= start, "a member lies outside the container", name)
        members[name] = content[begin : begin + length]
        at += 46 + name_length
    must(len({name.lower() for name in members}) == len(members), "two names differ in case only")
    expected = write_container(members)
    if expected != content:
        pairs = zip(content, expected)
        place = next((n for n, (got, wanted) in enumerate(pairs) if got != wanted), min(len(content), len(expected)))
        raise Wrong("the container is not in canonical form", f"byte {place}")
    return members


def write_container(members):
    pieces, directory, offset = [], [], 0
    for name in sorted(members):
        data, encoded = members[name], name.encode()
        common = (10, 0, 0, 0, 0x21, zlib.crc32(data), len(data), len(data), len(encoded), 0)
        local = LOCAL.pack(b"PK\x03\x04", *common) + encoded
        directory.append(ENTRY.pack(b"PK\x01\x02", 3 << 8 | 10, *common, 0, 0, 0, 0o100644 << 16, offset) + encoded)
        pieces += [local, data]
        offset += len(local) + len(data)
    entries = b"".join(directory)
    count = len(members)
    return b"".join([*pieces, entries, END.pack(b"PK\x05\x06", 0, 0, count, count, len(entries), offset, 0)])


def canonical(value):
    """Return RFC 8785 JSON of a value without fractions."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def exact(content, place):
    """Return the JSON in ``content``, which must be canonical."""
    value = json.loads(content)
    must(canonical(value) == content, "this is not in canonical form", place)
    return value


class Dossier:
    """The members of a dossier."""

    def __init__(self, members):
        self.members = members

    def __getitem__(self, name):
        must(name in self.members, "a member is missing", name)
        return self.members[name]

    def same(self, name, digest):
        must(sha256(self[name]) == digest, f"the file is not the one that is named, SHA-256 {digest}", name)


def check_manifest(dossier):
    said = exact(dossier["manifest.json"], "manifest.json")
    must(said.get("format") == "convenio-dossier" and said.get("version") == 2, "a format not known", "manifest.json")
    listed = {member["name"]: member for member in said["members"]}
    for name, content in dossier.members.items():
        if name not in ("manifest.json", "manifest.note"):
            expected = {"name": name, "sha256": sha256(content), "size_bytes": len(content)}
            must(listed.pop(name, None) == expected, "a member is not the one in the manifest", name)
    must(not listed, "the manifest lists what is not there", "manifest.json")
    return said, f"{len(said['members'])} members, each with the size and SHA-256 listed"


# The ledger: entries, the history they tell, the checkpoint over them.

ROLES = {
    "requested": "manager", "revised": "manager", "edited": "reviewer", "drafted": None, "approved": "reviewer",
    "returned": "reviewer", "prepared": None, "invited": None, "signed": "signatory", "delegated": "signatory",
    "delegation confirmed": "reviewer", "delegation revoked": "signatory",
    "extended": "manager", "concluded": None, "deposited": None, "renewed": None,
    "balance paid": "manager", "retention extended": "administrator", "hold placed": "reviewer",
    "hold released": "reviewer", "disposal proposed": "administrator",
}  # fmt: skip
REVIEWABLE = ("requested", "in review", "returned", "approved")
AT = {
    "requested": ("nothing",), "drafted": ("requested",), "approved": ("in review",), "returned": ("in review",),
    "edited": ("in review", "returned"), "revised": (*REVIEWABLE, "signing", "signed"), "prepared": ("approved",),
    **dict.fromkeys(("invited", "signed", "delegated", "delegation confirmed", "delegation revoked", "extended"),
                    ("signing",)),
    "concluded": ("signed",), "deposited": ("concluded",),
    **dict.fromkeys(("renewed", "balance paid", "retention extended", "hold placed", "hold released",
                     "disposal proposed"), ("archived",)),
}  # fmt: skip


class History:
    """What the entries amount to: who decided and signed what, in permitted steps only."""

    def __init__(self):
        self.entries, self.stage, self.agreement = [], "nothing", None
        self.draft, self.data, self.content, self.pdf, self.edited = 0, None, None, None, None
        self.authors, self.approvals, self.offices = set(), {}, []
        self.rounds, self.signed, self.invited, self.delegations = [], [], set(), {}
        self.prepared = self.concluded = self.sign_by = self.at = None
        self.renewals, self.receipts, self.files = [], [], {}

    @property
    def awaited(self):
        done = {event["signatory"] for event in self.signed}
        return next((waiting for group in self.rounds if (waiting := set(group) - done)), set())

    def take(self, entry):
        event, place = entry["event"], f"entries/{entry['counter']}.json"
        kind, role, person = event["type"], entry["actor"]["role"], entry["actor"]["person"]
        expected = "reviewer" if event.get("way") == "paper" else ROLES.get(kind, "nobody")
        must(kind in AT and self.stage in AT[kind], f"{kind} is not possible when {self.stage}", place)
        must(role == expected and (role is None) == (person is None), f"{kind} is an act of {expected}", place)
        must(self.agreement in (None, entry["agreement"]), "an entry of another agreement", place)
        self.agreement = entry["agreement"]
        must(entry["counter"] == len(self.entries), "the entries are not counted without gaps", place)
        self.at = datetime.fromisoformat(entry["occurred_at"])
        getattr(self, "_" + kind.replace(" ", "_"), lambda *_: None)(event, person, place)
        self.entries.append(entry)

    @property
    def too_late(self):
        """Whether the last day to sign is over everywhere on earth."""
        return self.sign_by is not None and (self.at - timedelta(hours=12)).date() > self.sign_by

    def _propose(self, event, person):
        self.stage, self.draft, self.data, self.content = "requested", event["draft"], event["data"], None
        self.authors.add(person)
        self.approvals, self.pdf, self.edited = {}, None, None
        self.signed, self.invited, self.delegations = [], set(), {}
        self.sign_by = event["sign_by"] and date.fromisoformat(event["sign_by"])
        self.offices, self.open_facts = event["offices"], event["open_facts"]
        self.rounds = event["rounds"] or [[one] for one in event["signatories"]]
        self.signatories = event["signatories"]
        self.files[f"drafts/{self.draft}/data.json"] = self.data

    def _requested(self, event, person, place):
        self._propose(event, person)

    def _revised(self, event, person, place):
        must(event["draft"] == self.draft + 1, "another draft is due", place)
        standing = [{"signatory": one["signatory"], "pdf": one["pdf"]} for one in self.signed]
        must(event["voids"] == standing, "a new draft names every signature that it voids", place)
        self._propose(event, person)

    def _edited(self, event, person, place):
        fits = event["draft"] == self.draft + 1 and event["data"] == self.data and self.content is not None
        must(fits and event["base"] == self.content["docx"], "another text was edited than the draft's", place)
        kept = {"signatories": self.signatories, "rounds": self.rounds, "open_facts": self.open_facts,
                "sign_by": self.sign_by and self.sign_by.isoformat()}  # fmt: skip
        self._propose({**event, **kept, "offices": ["legal", "finance", "director"]}, person)
        self.edited = event["docx"]
        self.files[f"drafts/{self.draft}/edited.docx"] = self.edited

    def _drafted(self, event, person, place):
        content = event["content"]
        must(event["draft"] == self.draft and content["data"] == self.data, "rendered from other data", place)
        self.stage, self.content = "in review", content
        folder = f"drafts/{self.draft}"
        self.files |= {
            f"{folder}/manifest.json": content["manifest"], f"{folder}/draft.docx": content["docx"],
            f"{folder}/draft.pdf": content["pdf"], f"templates/{content['template']}.docx": content["template"],
        }  # fmt: skip

    def _approved(self, event, person, place):
        fits = event["draft"] == self.draft and event["covers"] == self.content
        must(fits, "the decision is about other bytes than the draft's", place)
        must(person not in self.authors, "whoever wrote a draft cannot approve it", place)
        must(person not in self.approvals.values(), "one reviewer approves once", place)
        must(event["office"] in self.offices and event["office"] not in self.approvals, "no approval due", place)
        must(not self.open_facts, "assumed facts are open", place)
        self.approvals[event["office"]] = person
        if set(self.approvals) >= set(self.offices):
            self.stage, self.pdf = "approved", self.content["pdf"]

    def _returned(self, event, person, place):
        must(event["draft"] == self.draft and event["covers"] == self.content, "about other bytes", place)
        self.stage, self.approvals = "returned", {}

    def _prepared(self, event, person, place):
        must(event["draft"] == self.draft and event["base"] == self.pdf, "not made from the approved PDF", place)
        self.stage, self.pdf, self.prepared = "signing" if self.signatories else "signed", event["pdf"], event

    def _invited(self, event, person, place):
        who = event["signatory"]
        must(who in self.awaited and who not in self.invited and event["pdf"] == self.pdf, "not due", place)
        self.invited.add(who)

    def _signed(self, event, person, place):
        who, recorded = event["signatory"], event["way"] in ("click", "paper")
        must(who in self.awaited and who in self.invited, "it was not this signatory's turn", place)
        must(not self.too_late, "the last day to sign was over", place)
        must(event["base"] == self.pdf, "another file was signed than the newest", place)
        must(event["way"] in self.prepared["policy"]["ways"], "the policy does not accept this way to sign", place)
        must((event["evidence"] is not None) == recorded, "a record, or none, where it may not be", place)
        if event["way"] == "paper":
            concerned = self.delegations.get(who, {"giver": None, "delegate": None})
            of_them = {concerned["giver"], concerned["delegate"], *self.authors}
            must(person not in of_them, "somebody concerned recorded the paper original", place)
        elif (named := self.delegations.get(who)) is not None:
            must(named["confirmed"] == (person == named["delegate"]), "another person signed than may", place)
        if recorded:
            self.files[f"evidence/{event['evidence']}.json"] = event["evidence"]
        self.signed.append(event)
        self.pdf = event["pdf"]
        if len(self.signed) == len(self.signatories):
            self.stage = "signed"

    def _delegated(self, event, person, place):
        who = event["signatory"]
        free = who in self.signatories and who not in {one["signatory"] for one in self.signed}
        known = self.delegations.get(who)
        must(free and not (known and known["confirmed"]), "it is too late to delegate", place)
        others = [one for name, one in self.delegations.items() if name != who]
        must(event["delegate"] != person, "nobody delegates to themselves", place)
        involved = {one for other in others for one in (other["delegate"], other["giver"])}
        must(event["delegate"] not in involved, "one person signs once", place)
        must(person not in {one["delegate"] for one in others}, "a delegate does not delegate further", place)
        self.delegations[who] = {**event, "giver": person, "confirmed": False}
        self.files[f"authority/{event['authority']}"] = event["authority"]

    def _delegation_confirmed(self, event, person, place):
        named = self.delegations.get(event["signatory"])
        same = named and (named["delegate"], named["authority"]) == (event["delegate"], event["authority"])
        must(same and not named["confirmed"], "another delegation than the one named", place)
        concerned = {named["delegate"], named["giver"], *self.authors}
        must(person not in concerned, "somebody concerned confirmed a delegation", place)
        named["confirmed"] = True
        self.invited.discard(event["signatory"])

    def _delegation_revoked(self, event, person, place):
        who = event["signatory"]
        named = self.delegations.get(who)
        must(named is not None and person == named["giver"], "only who gave a delegation revokes it", place)
        must(who not in {one["signatory"] for one in self.signed}, "it is too late to revoke it", place)
        del self.delegations[who]
        if named["confirmed"]:
            self.invited.discard(who)

    def _extended(self, event, person, place):
        later = date.fromisoformat(event["sign_by"])
        must(self.sign_by is not None and later > self.sign_by, "only a later last day to sign extends it", place)
        must(not self.too_late, "what is over is not extended", place)
        self.sign_by = later

    def _concluded(self, event, person, place):
        must(event["base"] == self.pdf, "another file was concluded than the newest", place)
        self.stage, self.pdf, self.concluded = "concluded", event["pdf"], event
        self.files["seal-report.json"] = event["report"]

    def _deposited(self, event, person, place):
        must(event["receipt"]["sha256"] == self.pdf, "another file was deposited", place)
        self.stage = "archived"
        self.receipts.append(event["receipt"])

    def _renewed(self, event, person, place):
        fits = event["base"] == self.pdf and event["receipt"]["sha256"] == event["pdf"]
        must(fits, "another file was renewed", place)
        self.pdf = event["pdf"]
        self.renewals.append(event)
        self.receipts.append(event["receipt"])
        self.files[f"renewals/{len(self.renewals)}/seal-report.json"] = event["report"]

    @property
    def reports(self):
        """The recorded validations: member, and the event that recorded it."""
        renewed = [(f"renewals/{n}/seal-report.json", event) for n, event in enumerate(self.renewals, start=1)]
        return [("seal-report.json", self.concluded), *renewed]

    @property
    def people(self):
        found = {entry["actor"]["person"] for entry in self.entries} - {None}
        return found | {entry["event"]["delegate"] for entry in self.entries if entry["event"]["type"] == "delegated"}

    @property
    def remarks(self):
        return {entry["event"]["remark"] for entry in self.entries if entry["event"].get("remark")}


def check_entries(dossier):
    pattern = re.compile(r"entries/(0|[1-9][0-9]{0,8})\.json")
    counters = sorted(int(match[1]) for name in dossier.members if (match := pattern.fullmatch(name)))
    must(counters, "there are no entries", "entries/")
    for expected, counter in enumerate(counters):
        must(counter == expected, "an entry is missing", f"entries/{expected}.json")
    entries = [exact(dossier[f"entries/{n}.json"], f"entries/{n}.json") for n in counters]
    for counter, entry in enumerate(entries):
        fits = entry["counter"] == counter and entry["v"] == 1
        must(fits, "an entry stands in another's place", f"entries/{counter}.json")
    return entries, f"{len(entries)} entries in canonical form, counted from 0 without gap"


def check_history(entries):
    history = History()
    for entry in entries:
        history.take(entry)
    must(history.stage == "archived", f"the agreement is not archived, but {history.stage}", "entries/")
    history.files["agreement.pdf"] = history.receipts[-1]["sha256"]
    return history, f"{history.agreement} went from request to archive by permitted steps only"


SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")


def decoded(text, what):
    """Return canonical base64."""
    data = base64.b64decode(text, validate=True)
    must(base64.b64encode(data).decode() == text, f"{what} is not canonical base64")
    return data


def signature_lines(note):
    text, separator, block = note.rpartition("\n\n")
    must(separator and text and block.endswith("\n"), "not a signed note")
    bad = any((one < " " and one != "\n") or "\ud800" <= one <= "\udfff" for one in note)
    must(not bad, "a control character in the note")
    found = []
    for line in block[:-1].split("\n"):
        match = SIGNATURE_LINE.fullmatch(line)
        must(match, f"not a signature line: {line!r}")
        blob = decoded(match[2], "a signature")
        must(len(blob) > 4, "a signature line without signature")
        found.append((match[1], blob))
    return text + "\n", found


def verifier_key(key):
    name, hashed, encoded = key.split("+", 2)
    raw = decoded(encoded, "a verifier key")
    must(len(raw) == 33 and raw[0] in (1, 4), "not an Ed25519 verifier key")
    must(hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() == hashed, "not this key's hash")
    return name, bytes.fromhex(hashed), Ed25519PublicKey.from_public_bytes(raw[1:])


def check_checkpoint(note, keys):
    text, lines = signature_lines(note)
    origin, size, root, last = text.split("\n")
    must(origin and last == "" and re.fullmatch(r"0|[1-9][0-9]{0,18}", size), "not a checkpoint")
    must(len(decoded(root, "the root")) == 32, "not a root hash")
    stated = {"origin": origin, "size": int(size), "root": root, "note": note, "text": text}
    if keys is None:
        return stated, None
    must(origin == ledger_name("the checkpoint", text, lines, keys), "a checkpoint of another log")
    return stated, f"signed by the ledger key of {keys['organisation']} ({origin}): {size} entries"


def ledger_name(what, text, lines, keys):
    """Return the name of the ledger's key, which must have signed the text."""
    name, hashed, key = verifier_key(keys["ledger"])
    ours = [blob[4:] for line_name, blob in lines if line_name == name and blob[:4] == hashed]
    must(ours, f"{what} is not signed by the keys given")
    for signature in ours:
        try:
            key.verify(signature, text.encode())
        except InvalidSignature:
            raise Wrong(f"{what} is not signed by the keys given: its text was altered") from None
    return name


def check_manifest_note(dossier, keys):
    """The ledger's key signed the manifest, which names every other member, for this agreement and this day."""
    manifest, note = dossier["manifest.json"], dossier["manifest.note"].decode()
    on = json.loads(dossier["bound.json"])["on"] if "bound.json" in dossier.members else "-"
    text, lines = signature_lines(note)
    name = ledger_name("the dossier", text, lines, keys)
    digest = base64.b64encode(hashlib.sha256(manifest).digest()).decode()
    expected = f"{name} dossier v1\n{json.loads(manifest)['agreement']}\n{on}\n{digest}\n"
    must(text == expected, "another dossier was signed than this one")
    must(len(lines) == 1, "the note bears more than the ledger's signature")
    return True, f"every member is what {keys['organisation']} handed out, signed by its ledger key ({name})"


def check_witnesses(checkpoint, keys, findings):
    """C2SP tlog-cosignature: a time of 8 bytes, then Ed25519 over header, time and the note's text."""
    _, lines = signature_lines(checkpoint["note"])
    missing, seen = [], []
    for witness in keys["witnesses"]:
        name, hashed, key = verifier_key(witness["key"])
        blobs = [blob[4:] for line_name, blob in lines if line_name == name and blob[:4] == hashed]
        for blob in blobs:
            must(len(blob) == 72, "not a co-signature", name)
            at = int.from_bytes(blob[:8], "big")
            try:
                key.verify(blob[8:], f"cosignature/v1\ntime {at}\n{checkpoint['text']}".encode())
            except InvalidSignature:
                raise Wrong("the co-signature does not belong to this checkpoint", name) from None
        same = f"{name}, of the same administrator: proves no more than the ledger's own key"
        (seen if blobs else missing).append(same if blobs and witness.get("same_administrator") else name)
    if missing:
        findings.add("witnesses", INDETERMINATE, f"not co-signed by {', '.join(missing)}", "checkpoint")
    else:
        findings.add("witnesses", VALID, f"co-signed by {'; '.join(seen)}", "checkpoint")


def check_proofs(dossier, history, checkpoint):
    before = -1
    for counter in range(len(history.entries)):
        name = f"proofs/{counter}.tlog-proof"
        head, _, note = dossier[name].decode().partition("\n\n")
        must(note == checkpoint["note"], "the proof belongs to another checkpoint", name)
        header, place, *path = head.split("\n")
        number = re.fullmatch(r"index (0|[1-9][0-9]{0,18})", place)
        must(header == "c2sp.org/tlog-proof@v1" and number, "not a log proof in its one form", name)
        hashes = [decoded(line, "a hash") for line in path]
        must(all(len(one) == 32 for one in hashes), "not a hash", name)
        index = int(number[1])
        leaf = hashlib.sha256(b"\0" + dossier[f"entries/{counter}.json"]).digest()
        root = root_from(index, checkpoint["size"], leaf, hashes, name)
        must(base64.b64encode(root).decode() == checkpoint["root"], "the entry is not in the ledger", name)
        must(index > before, "the entries stand in another order in the ledger", name)
        before = index
    return True, f"{len(history.entries)} proofs lead to the root of the checkpoint"


def root_from(index, size, node, path, place):
    """RFC 9162 2.1.3.2."""
    must(index < size, "the leaf lies outside the tree", place)
    last = size - 1
    for sibling in path:
        must(last, "the inclusion proof is too long", place)
        if index & 1 or index == last:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    must(last == 0, "the inclusion proof is too short", place)
    return node


# The files: what the entries name, and what those files name.


def check_files(dossier, history):
    for name, digest in history.files.items():
        dossier.same(name, digest)
    folder, content = f"drafts/{history.draft}", history.content
    place = f"{folder}/manifest.json"
    said = exact(dossier[place], place)
    given = (said["agreement"], said["draft"], said["data"], said["template"]["sha256"], said["docx"])
    expected = (history.agreement, history.draft, content["data"], content["template"], content["docx"])
    fits = given == expected and said["edited_by_hand"] == history.edited
    must(fits, "the manifest describes another draft", place)
    return True, f"{len(history.files)} files are the ones the ledger names; draft {history.draft} was approved"


def check_enclosed(dossier, history):
    files, prepared = {}, None
    for entry in history.entries:
        event = entry["event"]
        prepared = event if event["type"] == "prepared" else prepared
        if event["type"] == "signed" and event["evidence"] is not None:
            name = f"evidence/{event['evidence']}.json"
            record = json.loads(dossier[name])
            names = ("agreement", "draft", "type", "signatory", "base", "person")
            about = (history.agreement, prepared["draft"], event["way"], event["signatory"], event["base"],
                     entry["actor"]["person"])  # fmt: skip
            must(tuple(map(record.get, names)) == about, "the evidence record is about another signature", name)
            paper = record["type"] == "paper"
            shown = record["compared_with" if paper else "link_bound_to"]
            known = (prepared["pdf"], prepared["base"]) if paper else (prepared["pdf"],)
            must(shown in known, "the evidence record is about another file than the prepared one", name)
            if paper:
                files[f"evidence/{record['scan']}.{record['extension']}"] = record["scan"]
                files[f"evidence/{record['seal']}.p7s"] = record["seal"]
    newest = json.loads(dossier[history.reports[-1][0]])
    for report in newest["etsi_reports"]:
        files[f"etsi/{report['field'].replace(':', '-')}.xml"] = report["sha256"]
    for name, digest in files.items():
        dossier.same(name, digest)
    return files, f"{len(files)} files that records and the seal report name are the ones they name"


def check_reports(dossier, history):
    for name, event in history.reports:
        report = json.loads(dossier[name])
        dossier.same(name, event["report"])
        must(report["pdf"] == event["pdf"], "the report is about another PDF", name)
        said = (report["verdict"], report["level"])
        must(said == (VALID, event["level"]), "the report contradicts the ledger", name)
    level, wanted = history.concluded["level"], history.prepared["policy"]["level"]
    reached = level in LEVELS and LEVELS.index(level) >= LEVELS.index(wanted)
    must(reached, f"concluded at {level}, although the policy asks for {wanted}", "seal-report.json")
    return json.loads(dossier[history.reports[-1][0]]), f"recorded: valid, {level}; the policy asks for {wanted}"


def check_revisions(dossier, history):
    """Each recorded revision is a beginning of the file, up to an end-of-file mark (ISO 32000-2 7.5.6)."""
    pdf, place = dossier["agreement.pdf"], "agreement.pdf"
    marks = [match.end() for match in re.finditer(b"%%EOF", pdf)]
    must(len(marks) <= 10_000, "too many end-of-file marks", place)
    ends = {len(pdf)}
    for mark in marks:
        ends |= {mark + len(end) for end in (b"", b"\r", b"\n", b"\r\n") if pdf.startswith(end, mark)}
    running, before, sizes = hashlib.sha256(), 0, {}
    for end in sorted(ends):
        running.update(pdf[before:end])
        before = end
        sizes[running.copy().hexdigest()] = end
    recorded = [history.prepared["base"], history.prepared["pdf"], *(event["pdf"] for event in history.signed)]
    recorded += [history.concluded["pdf"], *(event["pdf"] for event in history.renewals)]
    last = 0
    for digest in recorded:
        must(digest in sizes, f"the revision {digest} does not lie within the file", place)
        must(sizes[digest] > last, "a revision does not extend the one before", place)
        last = sizes[digest]
    must(last == len(pdf), "bytes follow the last recorded revision", place)
    return True, f"the approved PDF is the beginning of the archived one; {len(recorded) - 1} revisions extend it"


def check_deposit(dossier, history):
    receipt = history.receipts[-1]
    must(len(dossier["agreement.pdf"]) == receipt["size_bytes"], "the receipt states another size", "agreement.pdf")
    for number, recorded in enumerate(history.receipts):
        name = f"receipts/{number}.json"
        must(dossier[name] == canonical(recorded), "the receipt is not the one in the ledger", name)
    return True, f"the archive received this file, {receipt['size_bytes']} bytes"


def check_openings(dossier, history):
    people = exact(dossier["people.json"], "people.json")
    remarks = exact(dossier["remarks.json"], "remarks.json")
    opened = [("people.json", history.people, people, lambda one: {"email": one["email"], "name": one["name"]})]
    opened.append(("remarks.json", history.remarks, remarks, lambda one: one["text"]))
    addresses, clicks = exact(dossier["openings.json"], "openings.json"), click_records(dossier, history)
    known = {record["address"] for _, record in clicks}
    opened.append(("openings.json", known, addresses, lambda one: {"mail": one["mail"]}))
    for name, known, openings, committed in opened:
        for said, opening in openings.items():
            salted = bytes.fromhex(opening["salt"]) + canonical(committed(opening))
            must(sha256(salted) == said, "an opening does not fit its commitment", name)
            must(said in known, "an opening belongs to no entry", name)
    data = json.loads(dossier[f"drafts/{history.draft}/data.json"])
    named = {one["id"]: one["email"].lower() for one in data["signatories"]}
    counting = [canonical(event) for event in history.signed]
    for entry in history.entries:
        event, opening = entry["event"], people.get(entry["actor"]["person"])
        if opening is None or canonical(event) not in counting or event["way"] == "paper":
            continue
        delegation = history.delegations.get(event["signatory"])
        if not (delegation and delegation["confirmed"]):
            same = named.get(event["signatory"]) == opening["email"].lower()
            must(same, "another person signed than the document names", f"entries/{entry['counter']}.json")
    for entry, record in clicks:
        event, opening = entry["event"], addresses.get(record["address"])
        if opening is None or canonical(event) not in counting:
            continue
        delegation = history.delegations.get(event["signatory"])
        if delegation and delegation["confirmed"]:
            expected = people.get(record["person"], {"email": opening["mail"]})["email"].lower()
        else:
            expected = named.get(event["signatory"])
        must(opening["mail"].lower() == expected, "the link was sent to another address", "openings.json")
    return True, (
        f"{len(people)} of {len(history.people)} people, {len(remarks)} of {len(history.remarks)} comments and "
        f"{len(addresses)} of {len(clicks)} addresses of links to sign are opened; the others were erased or left out"
    )


def click_records(dossier, history):
    signed = [entry for entry in history.entries if entry["event"]["type"] == "signed"]
    clicked = [entry for entry in signed if entry["event"]["way"] == "click"]
    return [(entry, json.loads(dossier[f"evidence/{entry['event']['evidence']}.json"])) for entry in clicked]


def check_members(dossier, history, enclosed):
    counters = range(len(history.entries))
    expected = {*history.files, *enclosed, "manifest.json", "manifest.note", "checkpoint", "checkpoint.tsr",
                "people.json", "remarks.json", "openings.json", "summary.html", "README.txt"}  # fmt: skip
    expected |= {f"entries/{n}.json" for n in counters} | {f"proofs/{n}.tlog-proof" for n in counters}
    expected |= {f"receipts/{n}.json" for n in range(len(history.receipts))}
    expected |= {"bound.json"} & dossier.members.keys()
    missing, foreign = expected - dossier.members.keys(), dossier.members.keys() - expected
    must(not missing, "a member is missing", min(missing, default=None))
    must(not foreign, "a member belongs to no entry", min(foreign, default=None))
    said = json.loads(dossier["manifest.json"])["agreement"]
    must(said == history.agreement, "the manifest names another agreement", "manifest.json")
    return True, f"exactly the {len(expected)} members the entries ask for"


# Whether it bound its parties on one day: told again from the entries up to then and the approved data.

OVERTAKING = {"agreement", "document_type", "archived_at", "effective", "sha256"}


def check_bound(dossier, history):
    place = "bound.json"
    said = exact(dossier[place], place)
    on, until = date.fromisoformat(said["on"]), datetime.fromisoformat(said["until"])
    midnight = datetime(on.year, on.month, on.day, tzinfo=timezone.utc) + timedelta(days=1)
    ends = timedelta(hours=-14) <= until - midnight <= timedelta(hours=12)
    must(ends and until.strftime("%Y-%m-%dT%H:%M:%S.%fZ") == said["until"], "no day ends then", place)
    overtaking = sorted(
        [*said["changed_by"], *said["ended_by"]], key=lambda one: (one["archived_at"], one["agreement"])
    )
    for one in overtaking:
        must(set(one) == OVERTAKING, "not a document that overtakes another", place)
        earlier = datetime.fromisoformat(one["archived_at"]) < until
        must(earlier, f"{one['agreement']}, archived later, does not overtake it by then", place)
    then, data = History(), json.loads(dossier[f"drafts/{history.draft}/data.json"])
    for entry in history.entries:
        if datetime.fromisoformat(entry["occurred_at"]) < until:
            then.take(entry)
    made = [entry["occurred_at"] for entry in then.entries if entry["event"] in then.signed]
    made = made or [entry["occurred_at"] for entry in then.entries if entry["event"]["type"] == "prepared"]
    complete, covered = then.stage in ("signed", "concluded", "archived"), covers(data.get("term"), on)
    ended = [one for one in overtaking if has_ended(one, on)]
    told = {
        "agreement": history.agreement, "on": said["on"], "until": said["until"],
        "bound": complete and covered is not False and not ended, "signed_by_all": complete, "in_force": covered,
        "stage": "not requested" if then.stage == "nothing" else then.stage, "draft": then.draft,
        "since": made[-1] if complete else None,
        "signatories": [standing(then, one) for one in data["signatories"]],
        "changed_by": [one for one in overtaking if one not in ended], "ended_by": ended,
    }  # fmt: skip
    must(told == said, "it says something else than the entries up to that day", place)
    bound = "bound its parties" if told["bound"] else f"is not said to have bound its parties ({told['stage']})"
    words = {True: "its term covers that day", False: "its term does not cover that day", None: "it states no term"}
    changed, gone = (
        ", ".join(one["agreement"] for one in told[key]) or "nothing" for key in ("changed_by", "ended_by")
    )
    return said, (
        f"at the end of {said['on']} it {bound}: {len(then.signed)} of {len(told['signatories'])} had signed; "
        f"{words[covered]}; changed by {changed}, ended by {gone}, as the organisation says"
    )


def covers(term, on):
    """Return whether a term covers the day, both its ends included; ``None`` where no term is stated."""
    days = [term[end].get("value") for end in ("start", "end")] if term else [None, None]
    first, last = (day and date.fromisoformat(day) for day in days)
    return None if first is None and last is None else (first or on) <= on <= (last or on)


def has_ended(one, on):
    effective = one["effective"] and date.fromisoformat(one["effective"])
    return one["document_type"] == "termination" and (effective is None or on > effective)


def standing(then, person):
    """Return how far a signatory was: when they signed, how, and what that legally is."""
    found = [entry for entry in then.entries if entry["event"] in then.signed]
    entry = next((one for one in found if one["event"]["signatory"] == person["id"]), None)
    event = entry["event"] if entry else {}
    return {
        "signatory": person["id"], "party": person["party"], "signed_at": entry and entry["occurred_at"],
        "way": event.get("way"), "effect": event.get("effect"),
        "by_delegate": bool(entry and then.delegations.get(person["id"], {}).get("confirmed")),
    }  # fmt: skip


# The signatures, with pyHanko: nothing below is looked at where it is not installed.


class Marks:
    """The signatures, seals and timestamps of one PDF, judged with the trust roots given and nothing fetched."""

    def __init__(self, pdf, keys, now):
        try:
            from pyhanko.pdf_utils.reader import PdfFileReader
        except ImportError:
            raise NotThere("pyHanko is not installed") from None
        from io import BytesIO

        self.pdf, self.keys, self.now = pdf, keys, now
        self.reader = PdfFileReader(BytesIO(pdf), strict=True)
        must(not self.reader.encrypted, "the PDF is encrypted", "agreement.pdf")
        self.marks = list(self.reader.embedded_signatures)
        must(self.marks, "the PDF bears no signature", "agreement.pdf")

    def anchors(self):
        from asn1crypto import pem, x509

        found = []
        for text in self.keys["trust_roots"] if self.keys else ():
            found += [x509.Certificate.load(der) for _, _, der in pem.unarmor(text.encode(), multiple=True)]
        return found

    def knowledge(self, reader):
        """The trust roots, and of certificates and revocation what the file's DSS holds (EN 319 142-1 5.4.2)."""
        from asn1crypto import crl, ocsp
        from pyhanko.sign.validation.dss import DocumentSecurityStore
        from pyhanko.sign.validation.errors import NoDSSFoundError
        from pyhanko.sign.validation.policy_decl import (
            LocalKnowledge,
            RevinfoOnlineFetchingRule,
            RevocationInfoGatheringSpec,
            SignatureValidationSpec,
        )
        from pyhanko.sign.validation.settings import KeyUsageConstraints
        from pyhanko_certvalidator.context import CertValidationPolicySpec
        from pyhanko_certvalidator.policy_decl import (
            CertRevTrustPolicy,
            RevocationCheckingPolicy,
            RevocationCheckingRule,
        )
        from pyhanko_certvalidator.registry import SimpleTrustManager
        from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

        anchors, crls, ocsps, certificates = self.anchors(), [], [], []
        try:
            store = DocumentSecurityStore.read_dss(reader)
        except NoDSSFoundError:
            store = None
        if store is not None:
            crls = [CRLContainer(crl.CertificateList.load(one.get_object().data)) for one in store.crls]
            for one in store.ocsps:
                ocsps += OCSPContainer.load_multi(ocsp.OCSPResponse.load(one.get_object().data))
            certificates = list(store.load_certs())
        rule = RevocationCheckingRule.CRL_OR_OCSP_REQUIRED
        usages = {"digital_signature", "non_repudiation"}
        return SignatureValidationSpec(
            cert_validation_policy=CertValidationPolicySpec(
                trust_manager=SimpleTrustManager.build(trust_roots=anchors),
                revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule)),
                time_tolerance=timedelta(seconds=30),
            ),
            revinfo_gathering_policy=RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY),
            local_knowledge=LocalKnowledge(known_crls=crls, known_ocsps=ocsps, known_certs=[*anchors, *certificates]),
            key_usage_settings=KeyUsageConstraints(key_usage=usages, match_all_key_usages=False, extd_key_usage=None),
        )

    def judged(self, mark, moment, reader):
        """Return the result by EN 319 102-1 for a mark at a moment, by what ``reader`` holds."""
        import asyncio

        from pyhanko.sign.validation.ades import (
            ades_basic_validation,
            ades_timestamp_validation,
            ades_with_time_validation,
            bootstrap_validation_data_handlers,
        )
        from pyhanko.sign.validation.status import DocumentTimestampStatus, PdfSignatureStatus
        from pyhanko_certvalidator.ltv.poe import POEManager
        from pyhanko_certvalidator.ltv.types import ValidationTimingInfo

        spec = self.knowledge(reader)
        timing = ValidationTimingInfo(moment, moment, point_in_time_validation=False)
        given = {
            "timing_info": timing,
            "validation_data_handlers": bootstrap_validation_data_handlers(
                spec, timing_info=timing, poe_manager_override=POEManager(current_dt_override=moment)
            ),
        }
        digest, shown = mark.compute_digest(), {"extra_status_kwargs": mark.summarise_integrity_info()}
        if timestamp(mark):
            act = ades_timestamp_validation(
                mark.signed_data, spec, mark.compute_digest, status_cls=DocumentTimestampStatus, **given, **shown
            )
        elif has_token(mark):
            act = ades_with_time_validation(
                mark.signed_data, spec, raw_digest=digest, status_cls=PdfSignatureStatus, **given, **shown
            )
        else:
            act = ades_basic_validation(mark.signed_data, spec, raw_digest=digest, **given)
        return asyncio.run(act)

    def judge_all(self, findings):
        """Add a finding for each mark, in the order of their revisions; return field, kind, certificate and reason."""
        found, proven = [], []
        # backwards: what a mark is worth depends on the document timestamps after it that are valid themselves
        for mark in reversed(self.marks):
            verdict, name = self.examine(mark, sha256(mark.signer_cert.dump()), proven)
            found.insert(0, (mark, verdict, name))
            if timestamp(mark) and verdict == VALID:
                proven.insert(0, mark)
        seen = []
        for mark, verdict, name in found:
            certificate = sha256(mark.signer_cert.dump())
            kind, subject = self.kind(mark, certificate), mark.signer_cert.subject.human_friendly
            seen.append((mark.field_name, kind, certificate, reason_of(mark)))
            part, sub_indication = f"{kind} {mark.field_name}", None if verdict == VALID else name.partition(":")[0]
            findings.add(part, verdict, f"{subject}: {name}", "agreement.pdf", sub_indication)
        self.check_coverage(findings)
        self.check_fields(findings)
        return seen

    def examine(self, mark, certificate, proven):
        """Return verdict and indication of a mark; ``proven`` are the valid document timestamps after it."""
        from pyhanko.sign.diff_analysis import SuspiciousModification
        from pyhanko.sign.validation.status import SignatureCoverageLevel

        mark.compute_integrity_info()
        whole = mark.coverage is not None and mark.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
        changed = isinstance(mark.diff_result, SuspiciousModification)
        if not whole or changed or not mark.summarise_integrity_info()["docmdp_ok"]:
            return INVALID, "FORMAT_FAILURE: the document was changed after it"
        if (fault := self.seal_fault(mark, certificate)) is not None:
            return INVALID, f"SIG_CONSTRAINTS_FAILURE: {fault}"
        if not timestamp(mark) and mark.sig_object.get("/SubFilter") != "/ETSI.CAdES.detached":
            return INDETERMINATE, "SIG_CONSTRAINTS_FAILURE: it is no PAdES signature (SubFilter, EN 319 142-1 6.3)"
        return self.reach(mark, proven)

    def seal_fault(self, mark, certificate):
        """Return why a seal stands where it may not, or none: in a person's field only with a record behind it."""
        pinned = self.pinned
        if mark.field_name in SEALS and not timestamp(mark):
            if pinned and certificate not in pinned:
                return "it is not by a certificate the organisation seals with"
        elif certificate in pinned and recorded_in(reason_of(mark)) is None:
            return "it is by the organisation's seal, which proves origin and never a person's consent"
        return None

    @property
    def pinned(self):
        return self.keys["seal_certificates"] if self.keys else ()

    def kind(self, mark, certificate):
        if timestamp(mark):
            return "timestamp"
        recorded = (certificate in self.pinned or not self.pinned) and recorded_in(reason_of(mark)) is not None
        return "seal" if mark.field_name in SEALS or recorded else "signature"

    def check_fields(self, findings):
        from pyhanko.sign.fields import enumerate_sig_fields

        for name, *_ in enumerate_sig_fields(self.reader, filled_status=False):
            findings.add(f"field {name}", INDETERMINATE, "nobody has signed here yet", "agreement.pdf")

    def reach(self, mark, later):
        """Return verdict and indication, as of the first valid later timestamp that proves the mark, else of now."""
        for witness in later[:1] if timestamp(mark) else later:
            then = self.reader.get_historical_resolver(witness.signed_revision)
            if self.judged(mark, time_in(witness.signed_data), then).ades_subindic.status.name == "PASSED":
                return VALID, "TOTAL-PASSED, proven by a later timestamp"
        result = self.judged(mark, self.now, self.reader)
        found = result.ades_subindic
        verdict = {"PASSED": VALID, "FAILED": INVALID}.get(found.status.name, INDETERMINATE)
        if timestamp(mark) and not later and verdict != INVALID:
            return self.reach_newest(mark, result)
        return verdict, "TOTAL-PASSED" if verdict == VALID else found.standard_name

    def reach_newest(self, mark, result):
        """The newest timestamp: nothing fresher than itself is asked for, what is known counts (RFC 3161 4)."""
        told, now = time_in(mark.signed_data), result.ades_subindic
        then = result if now.status.name == "PASSED" else self.judged(mark, told, self.reader)
        if then.ades_subindic.status.name != "PASSED":
            return INDETERMINATE, now.standard_name
        chain = list(then.api_status.validation_path.iter_certs(include_root=False))
        revoked = [found for one in chain for found in self.revocations(one)]
        if not all(reason in HARMLESS and told < at for at, reason in revoked):
            return INDETERMINATE, "REVOKED_NO_POE"
        if then is result:
            return VALID, "TOTAL-PASSED"
        late = timedelta(seconds=30)
        if not all(one.not_valid_before - late <= self.now <= one.not_valid_after + late for one in chain):
            return INDETERMINATE, now.standard_name
        ended = ", ".join(f"it was on {at:%Y-%m-%d}, which leaves earlier timestamps valid" for at, _ in revoked)
        since = ended or "nothing in the file says what came after"
        return VALID, f"TOTAL-PASSED; its authority's certificate was not revoked as of {told:%Y-%m-%d}; {since}"

    def revocations(self, certificate):
        """Yield time and reason of each revocation of a certificate that the file tells of."""
        known = self.knowledge(self.reader).local_knowledge
        for one in known.known_crls:
            for entry in one.crl_data["tbs_cert_list"]["revoked_certificates"] or ():
                named = certificate.issuer in (one.crl_data.issuer, entry.issuer_name)
                if named and entry["user_certificate"].native == certificate.serial_number:
                    reason = entry.crl_reason_value
                    yield entry["revocation_date"].native, reason.native if reason else None
        for one in known.known_ocsps:
            answer = one.extract_single_response()
            if answer is None or answer["cert_status"].name != "revoked":
                continue
            about, status = answer["cert_id"], answer["cert_status"].chosen
            issuer = getattr(certificate.issuer, about["hash_algorithm"]["algorithm"].native, None)
            if (about["serial_number"].native, about["issuer_name_hash"].native) == (certificate.serial_number, issuer):
                yield status["revocation_time"].native, status["revocation_reason"].native

    def check_coverage(self, findings):
        from pyhanko.sign.diff_analysis import ModificationLevel
        from pyhanko.sign.validation.status import SignatureCoverageLevel

        last = self.marks[-1]
        whole = last.evaluate_signature_coverage() == SignatureCoverageLevel.ENTIRE_FILE
        rest = self.pdf[int(last.byte_range[2]) + int(last.byte_range[3]) :]
        # level B-LT (EN 319 142-1 5.4.2): one more revision follows, whole, with nothing but a DSS in it
        only_data = (
            not whole and last.signed_revision + 2 == self.reader.xrefs.total_revisions
            and getattr(last.diff_result, "modification_level", None) == ModificationLevel.LTA_UPDATES
            and rest.endswith(b"%%EOF\n") and rest.count(b"%%EOF") == 1
        )  # fmt: skip
        first, length, second, _ = map(int, last.byte_range)
        raw = last.pkcs7_content
        written = self.pdf[first + length : second].lower() == b"<%s>" % raw.hex().encode()
        padding = raw[4 + int.from_bytes(raw[2:4], "big") :] if raw[1:2] == b"\x82" else raw
        good = (whole or only_data) and written and not padding.strip(b"\0")
        says = "vouches for every byte" if good else "does not vouch for every byte"
        says += " but the validation data after it" if good and only_data else ""
        findings.add("file", VALID if good else INVALID, f"{last.field_name} {says}", "agreement.pdf")


def timestamp(mark):
    return mark.sig_object_type == "/DocTimeStamp"


def reason_of(mark):
    return str(mark.sig_object["/Reason"]) if "/Reason" in mark.sig_object else ""


def recorded_in(reason):
    """Return the way to sign and the record's digest that a seal's reason names, or none for any other reason."""
    for way, (words, _) in RECORDED.items():
        if match := re.fullmatch(f"{words}; evidence SHA-256 ([0-9a-f]{{64}})", reason):
            return way, match[1]
    return None


def has_token(mark):
    attributes = mark.signer_info["unsigned_attrs"]
    return any(one["type"].native == "signature_time_stamp_token" for one in attributes or ())


def time_in(token):
    return token["encap_content_info"]["content"].parsed["gen_time"].native


def check_signatories(seen, history, recorded):
    known = [(one["field"], one["kind"], one["certificate"]) for one in recorded["signatures"]]
    must([one[:3] for one in seen] == known, "the PDF bears other marks than were recorded", "agreement.pdf")
    own = ["signature" if event["evidence"] is None else "seal" for event in history.signed]
    stamps = len(history.renewals) + (history.prepared["policy"]["level"] == "B-LTA")
    expected = ["seal", *own, "seal", *["timestamp"] * stamps]
    must([one[1] for one in seen] == expected, "the marks are not the ones of the procedure", "agreement.pdf")
    for event, (field, _, certificate, reason) in zip(history.signed, seen[1:]):
        place = f"agreement.pdf, {field}"
        must(certificate == event["certificate"], "another certificate than the ledger says", place)
        must(field == f"signatory:{event['signatory']}", "signed in another field than their own", place)
        if event["evidence"] is not None:
            named = recorded_in(reason) == (event["way"], event["evidence"])
            must(named, "the seal names another evidence record than the ledger", place)
            must(event["effect"] == RECORDED[event["way"]][1], "it is legally another thing than recorded", place)
    return True, f"{len(history.signed)} signatures by the certificates in the ledger, in its order"


def check_seals(seen, keys):
    seals = [(field, certificate) for field, kind, certificate, _ in seen if kind == "seal"]
    must(seals, "the PDF bears no seal of the organisation", "agreement.pdf")
    for field, certificate in seals:
        pinned = certificate in keys["seal_certificates"]
        must(pinned, f"the seal is not of {keys['organisation']}", f"agreement.pdf, {field}")
    return True, f"{len(seals)} seals by pinned certificates of {keys['organisation']}"


def check_attachments(marks, history):
    names = marks.reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    found = [sha256(names[n].get_object()["/EF"]["/F"].data) for n in range(1, len(names), 2)]
    expected = [history.content["data"], history.content["docx"]]
    must(Counter(found) == Counter(expected), "not the approved data and DOCX", "agreement.pdf")
    return True, "the files embedded in the PDF are the approved data and DOCX"


def check_token(dossier, keys, findings):
    try:
        from asn1crypto import cms, pem, x509
        from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
        from pyhanko_certvalidator import ValidationContext
    except ImportError:
        raise NotThere("pyHanko is not installed") from None
    import asyncio

    token, note = dossier["checkpoint.tsr"], dossier["checkpoint"]
    content = cms.ContentInfo.load(token, strict=True)
    signed = content["content"]
    imprint = signed["encap_content_info"]["content"].parsed["message_imprint"]
    digest = hashlib.new(imprint["hash_algorithm"]["algorithm"].native, note).digest()
    must(imprint["hashed_message"].native == digest, "the timestamp is over other bytes", "checkpoint.tsr")
    (signer,) = signed["signer_infos"]
    bound = (
        content.dump(force=True) == token and signed["version"].native == "v3" and signer["version"].native == "v1"
        and not signed["crls"] and not signer["unsigned_attrs"]
        and [one.dump() for one in signed["digest_algorithms"]] == [signer["digest_algorithm"].dump()]
        and any(one.chosen.issuer.dump() == signer["sid"].chosen["issuer"].dump() for one in signed["certificates"])
    )  # fmt: skip
    must(bound, "the timestamp token was altered", "checkpoint.tsr")
    texts = keys["trust_roots"] if keys else ()
    anchors = [x509.Certificate.load(der) for text in texts for _, _, der in pem.unarmor(text.encode(), multiple=True)]
    at = time_in(signed)
    context = ValidationContext(trust_roots=anchors, moment=at, allow_fetching=False, revocation_mode="soft-fail")
    found = asyncio.run(validate_tst_signed_data(signed, context, lambda name: hashlib.new(name, note).digest()))
    must(found["intact"] and found["valid"], "the timestamp token does not hold", "checkpoint.tsr")
    path = found.get("validation_path")
    if path is None:
        reason = "its authority does not chain to a trusted root"
        findings.add("checkpoint time", INDETERMINATE, reason, "checkpoint.tsr", "NO_CERTIFICATE_CHAIN_FOUND")
        return
    chain = {one.dump() for one in path.iter_certs(include_root=True)}
    only = all(one.chosen.dump() in chain for one in signed["certificates"])
    must(only, "the timestamp token holds a certificate that is no part of its chain", "checkpoint.tsr")
    reason = f"every entry existed by {at.isoformat()}; nothing says whether its authority was revoked"
    findings.add("checkpoint time", VALID, reason, "checkpoint.tsr")


def look(findings, part, act):
    """Run an act that adds its own findings."""
    try:
        return act()
    except NotThere as missing:
        findings.add(part, INDETERMINATE, f"not looked at: {missing}")
    except Wrong as fault:
        findings.add(part, INVALID, str(fault), fault.place)
    except Exception as fault:  # the same as in Findings.check
        findings.add(part, INVALID, f"cannot be read: {type(fault).__name__}: {fault}")
    return None


def verify(content, keys, now):
    """Return the findings about a dossier, whatever its bytes."""
    findings = Findings()
    if keys is None:
        findings.add("keys", INDETERMINATE, "no keys were given: whoever wrote this file could have made all of it")
    else:
        demonstration = ", which are DEMONSTRATION keys and bind nobody" if keys.get("demonstration") else ""
        findings.add("keys", VALID, f"verified with the keys of {keys['organisation']}{demonstration}")

    def container():
        members = read_container(content)
        return members, f"{len(members)} members in the one canonical form"

    members = findings.check("container", container)
    if members is None:
        return findings
    dossier = Dossier(members)
    findings.check("manifest", lambda: check_manifest(dossier), "manifest.json")
    verify_manifest_note(findings, dossier, keys)
    entries = findings.check("entries", lambda: check_entries(dossier), "entries/")
    history = entries and findings.check("history", lambda: check_history(entries), "entries/")
    checkpoint = None
    try:
        stated, reason = check_checkpoint(dossier["checkpoint"].decode(), None)
        checkpoint = stated
        if keys is None:
            findings.add("checkpoint", INDETERMINATE, "no keys were given to check its signature", "checkpoint")
        else:
            _, reason = check_checkpoint(stated["note"], keys)
            findings.add("checkpoint", VALID, reason, "checkpoint")
    except Exception as fault:
        findings.add("checkpoint", INVALID, str(fault), "checkpoint")
    if history is None or checkpoint is None:
        findings.add("documents", INDETERMINATE, "not examined: nothing says what they have to be")
        return findings
    latest = max(datetime.fromisoformat(entry["occurred_at"]) for entry in entries)
    if latest > now + CLOCK_TOLERANCE:
        findings.add("times", INDETERMINATE, "the ledger or this machine has a wrong clock", "entries/")
    if keys is not None and keys.get("witnesses"):
        look(findings, "witnesses", lambda: check_witnesses(checkpoint, keys, findings))
    look(findings, "checkpoint time", lambda: check_token(dossier, keys, findings))
    enclosed = findings.check("evidence records", lambda: check_enclosed(dossier, history), "evidence/")
    findings.check("members", lambda: check_members(dossier, history, enclosed or {}))
    findings.check("inclusion proofs", lambda: check_proofs(dossier, history, checkpoint), "proofs/")
    findings.check("files", lambda: check_files(dossier, history))
    recorded = findings.check("seal report", lambda: check_reports(dossier, history), "seal-report.json")
    findings.check("approved = signed = archived", lambda: check_revisions(dossier, history), "agreement.pdf")
    findings.check("deposit", lambda: check_deposit(dossier, history), "agreement.pdf")
    findings.check("people and comments", lambda: check_openings(dossier, history))
    if "bound.json" in members:
        findings.check("bound", lambda: check_bound(dossier, history), "bound.json")
    leave_open(findings, history)
    verify_marks(findings, dossier, history, recorded, keys, now)
    return findings


def verify_manifest_note(findings, dossier, keys):
    if keys is None:
        reason = "no keys were given to check who signed the dossier as a whole"
        findings.add("manifest note", INDETERMINATE, reason, "manifest.note")
    else:
        findings.check("manifest note", lambda: check_manifest_note(dossier, keys), "manifest.note")


def leave_open(findings, history):
    """Say what is needed for trust and not looked at."""
    for event in history.signed:
        if event["effect"] == "QES":
            reason = "recorded as QES; no trusted list is looked at here"
            findings.add(f"legal effect signatory:{event['signatory']}", INDETERMINATE, reason, "agreement.pdf")


def verify_marks(findings, dossier, history, recorded, keys, now):
    marks = look(findings, "signatures", lambda: Marks(dossier["agreement.pdf"], keys, now))
    if marks is None:
        return
    seen = look(findings, "signatures", lambda: marks.judge_all(findings))
    if seen is not None:
        if recorded is not None:
            findings.check("signatories", lambda: check_signatories(seen, history, recorded), "agreement.pdf")
        if keys is not None:
            findings.check("seals", lambda: check_seals(seen, keys), "agreement.pdf")
    findings.check("attachments", lambda: check_attachments(marks, history), "agreement.pdf")


def given_file(path, expected):
    """Return the content of a file that was named."""
    try:
        if path.is_dir():
            raise Unusable(f"{path} is a folder; expected {expected}")
        with path.open("rb") as file:
            return file.read(SIZE_MAX_BYTES + 1)
    except OSError as fault:
        raise Unusable(f"{path} cannot be read: {fault.strerror}; expected {expected}") from None


def given_dossier(path):
    expected = "a dossier, the zip that `convenio dossier ID -o FILE.zip` writes"
    content = given_file(path, expected)
    if not content.startswith(b"PK") and path.suffix.lower() != ".zip":
        raise Unusable(f"{path} is no dossier: it begins with {content[:8]!r}; expected {expected}")
    return content


def given_keys(path):
    """Return the organisation's public keys, all of a kind that can be used."""
    expected = "the organisation's public keys, the JSON that `convenio keys export -o FILE` writes"
    try:
        return usable_keys(given_file(path, expected))
    except Wrong as fault:
        raise Unusable(f"{path} is no file of public keys: {fault}; expected {expected}") from None


def usable_keys(content):
    must(content.strip(), "it is empty")
    must(not content.lstrip().startswith(b"-----BEGIN"), "it is PEM, a certificate or a key alone")
    try:
        keys = json.loads(content)
    except (ValueError, RecursionError):
        raise Wrong("it is no JSON") from None
    must(isinstance(keys, dict) and keys.get("convenio_keys") == 1, 'its JSON has no "convenio_keys": 1')
    for name in ("organisation", "ledger"):
        must(isinstance(keys.get(name), str), f"{name} is missing, or no text")
    for name in ("trust_roots", "seal_certificates"):
        texts = keys.get(name)
        must(isinstance(texts, list) and all(isinstance(one, str) for one in texts), f"{name} is no list of texts")
    witnesses = keys.get("witnesses", [])
    known = isinstance(witnesses, list) and all(isinstance(one, dict) for one in witnesses)
    must(known and all(isinstance(one.get("key"), str) for one in witnesses), "witnesses is no list of keys")
    for name, key in [("ledger", keys["ledger"]), *(("witnesses", one["key"]) for one in witnesses)]:
        try:
            verifier_key(key)
        except (ValueError, Wrong):
            raise Wrong(f"{name} is no verifier key, name+hash+base64") from None
    must(keys["trust_roots"], "trust_roots is empty")
    try:
        for one in keys["trust_roots"]:
            load_pem_x509_certificates(one.encode())
    except ValueError:
        raise Wrong("trust_roots holds what is no certificate in PEM") from None
    return keys


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Verify a Convenio dossier, offline, without Convenio.")
    parser.add_argument("dossier", type=Path)
    parser.add_argument("--keys", type=Path, help="the organisation's public keys, from elsewhere (JSON)")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    given = parser.parse_args(arguments)
    logging.disable()  # what pyHanko meets on the way to a verdict is told by the verdict
    try:
        content = given_dossier(given.dossier)
        keys = given_keys(given.keys) if given.keys else None
    except Unusable as fault:
        print(plain(fault), file=sys.stderr)
        return 2
    findings = verify(content, keys, datetime.now(timezone.utc))
    if given.json:
        said = {"verdict": findings.verdict, "findings": findings.found, "not_looked_at": NOT_LOOKED_AT}
        print(json.dumps(said, indent=2))
    else:
        for finding in findings.found:
            place = f" [{finding['place']}]" if finding["place"] else ""
            print(f"{finding['verdict']:13}  {finding['part']}: {finding['reason']}{place}")
        for part in NOT_LOOKED_AT:
            print(f"not looked at  {part}")
        print(f"{given.dossier}: {findings.verdict}, of what was looked at")
    return EXIT[findings.verdict]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted: no verdict", file=sys.stderr)
        sys.exit(130)
