"""Things in a memory a person should look at: aimed at the agent, hidden, secret, or leading elsewhere."""

import re
import unicodedata
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Literal

from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

FindingKind = Literal["injection", "invisible", "secret", "host"]

_Rule = tuple[FindingKind, str, re.Pattern[str]]

# What each kind is called where people choose what it does.
KIND_WORDS: dict[FindingKind, str] = {
    "injection": "Instructions aimed at the agent",
    "secret": "Secrets",
    "invisible": "Characters that cannot be seen",
    "host": "Addresses that lead to hosts nothing led to before",
}
WARN, BLOCK = "warn", "block"

EXCERPT = 160
SHOWN = 8  # characters of a secret


@dataclass(frozen=True, slots=True)
class Finding:
    """One warning: where (line from 1), what kind, why it is suspicious, and the place itself.

    The excerpt shows hidden characters as U+…; a secret is shortened to what tells it apart.
    """

    line: int
    kind: FindingKind
    why: str
    excerpt: str
    path: str = ""


_PEOPLE = r"(?:the user|users|anyone|anybody|the team|a human|humans|the operator|reviewers?|the ticket)"
_NOT = r"\b(?:do not|don['’]t|never|must not|should not|without)"
_INJECTIONS = tuple(
    (why, re.compile(pattern, re.IGNORECASE | re.MULTILINE))
    for why, pattern in (
        (
            "tells the agent to set its instructions aside",
            r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:\w+\s+){0,4}?"
            r"(?:instructions?|prompts?|rules?|guidelines|guardrails|polic(?:y|ies))\b",
        ),
        (
            "gives the agent a new role or new instructions",
            r"\byou are (?:now (?!\w+ing\b)|no longer\b)"
            r"|\b(?:new|updated|real) (?:system )?(?:instructions?|prompt)\s*:"
            r"|\bfrom now on\b|(?:^|[.:;!?-]\s*|\byou (?:must |will |should )?)act as (?:an?|the)\b"
            r"|\bpretend (?:to be|that you)\b",
        ),
        (
            "asks the agent to keep something from people",
            rf"{_NOT}\s+(?:tell|telling|mention|inform|informing|reveal|alert|notify|notifying|show|ask|asking)"
            rf"\w*\s+(?:\w+\s+){{0,4}}?{_PEOPLE}\b"
            rf"|{_NOT}\s+(?:mention|reveal|disclose|log|report|record|document)\s+(?:this|that|it)\b"
            rf"|\bkeep (?:this|that|it) (?:secret|hidden|quiet|from)\b|\bwithout {_PEOPLE} (?:noticing|knowing)\b",
        ),
        (
            "speaks to the agent instead of noting a fact",
            r"^\W*(?:(?:dear|attention|note to|to|all|any|future)\s+)*(?:ai|llms?|assistants?|agents?|bots?|"
            r"language models?|claude)\s*[:,!]",
        ),
        (
            "asks the agent to send something out",
            r"\b(?:send|post|upload|forward|copy|exfiltrate|submit|e-?mail|report|push)\b[^\n]{0,120}?"
            r"\b(?:to|at)\s+[<\"'`(]?(?:https?://|[\w.+-]{1,64}@[\w-]{1,63}\.)",
        ),
        (
            "asks the agent to run something fetched from elsewhere",
            r"\b(?:curl|wget)\b[^\n|]{0,200}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b",
        ),
        (
            "asks the agent to drop a safeguard",
            r"\b(?:skip|disable|turn off|switch off|remove|bypass)\s+(?:\w+\s+){0,3}?(?:safety|approvals?|"
            r"confirmations?|verification|call-?back|permission checks?|sandbox|audit log|review)\b"
            r"|\b(?:auto-?approved?|pre-?approved?|approve automatically|always approve)\b",
        ),
        ("imitates the marks of a prompt", r"<\|?/?(?:system|im_start|im_end|assistant)\|?>|\[/?INST\]"),
    )
)
# The shapes of keys that detect-secrets keeps; left out are its rules for words beside a secret, which find too much
# in prose, and those that take seconds over a long line.
_KEPT = (
    ("looks like an AWS key", AWSKeyDetector),
    ("looks like a key of an Azure storage account", AzureStorageKeyDetector),
    ("looks like a Discord token", DiscordBotTokenDetector),
    ("looks like a GitHub token", GitHubTokenDetector),
    ("looks like a GitLab token", GitLabTokenDetector),
    ("looks like a Mailchimp key", MailchimpDetector),
    ("looks like an OpenAI key", OpenAIDetector),
    ("looks like a PyPI token", PypiTokenDetector),
    ("looks like a SendGrid key", SendGridDetector),
    ("looks like a Slack token", SlackDetector),
    ("looks like a Square secret", SquareOAuthDetector),
    ("looks like a Stripe key", StripeDetector),
    ("looks like a Telegram token", TelegramBotTokenDetector),
    ("looks like a Twilio key", TwilioKeyDetector),
)
_SECRETS = (
    *(
        (why, re.compile(pattern))
        for why, pattern in (
            ("looks like a private key", r"-----BEGIN (?:[A-Z]{2,12} ){0,3}PRIVATE KEY-----"),
            ("looks like an Anthropic key", r"\bsk-ant-[\w-]{16,200}"),
            ("looks like an API key", r"\bsk-(?:proj-|live-)?[A-Za-z0-9]{20,200}\b"),
            ("looks like a Stripe key", r"\brk_live_[A-Za-z0-9]{16,100}\b"),
            ("looks like a GitHub token", r"\bgithub_pat_\w{30,255}\b"),
            ("looks like a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,200}"),
            ("looks like an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
            ("looks like a Google API key", r"\bAIza[\w-]{35}(?![\w-])"),
            ("looks like a signed token (JWT)", r"\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,2000}\.[\w-]{10,2000}"),
            ("holds a password inside an address", r"\b[a-z][a-z0-9+]{1,12}://[^\s:/@]{1,100}:[^\s:/@]{3,200}@"),
            (
                "looks like a password or key written out",
                r"(?i)\b(?:password|passwd|passphrase|secret|api[_ -]?key|access[_ -]?token|auth[_ -]?token)"
                r"[\"'`]?(?:\s+is)?\s*[:=]?\s*[\"'`]?(?=[^\s\"'`]{0,40}\d)(?=[^\s\"'`]{0,40}[A-Za-z])"
                r"[^\s\"'`<>{}$(),]{8,200}",
            ),
        )
    ),
    *((why, pattern) for why, detector in _KEPT for pattern in detector.denylist),
)
_RULES: tuple[_Rule, ...] = (
    *(("injection", why, pattern) for why, pattern in _INJECTIONS),
    *(("secret", why, pattern) for why, pattern in _SECRETS),
)
# Joiners that belong to emoji and to scripts which need them are no trick, nor is a soft hyphen.
_JOINERS = frozenset("\u200c\u200d")
_PLAIN = (
    "\x20-\x7e\xa0-\u02ff\u0370-\u05ff\u0900-\u10ff\u1200-\u17af\u1810-\u1fff\u3000-\u3163\u3165-\u9fff\uac00-\ud7ff"
)
_SUSPECT = re.compile(f"[^{_PLAIN}]")
_HOST = re.compile(r"\b[a-z][a-z0-9+]{1,12}://(?:[^\s/@]{1,200}@)?(\[[0-9a-f:.]{2,45}\]|[\w.-]{1,253})", re.I)


def scan(text: str, *, path: str = "", known_hosts: Set[str] | None = None) -> list[Finding]:
    """What deserves a look in one memory, line by line; warnings, not proof.

    Hosts are reported only when `known_hosts` is given: those the addresses of the text lead to besides.
    """
    # Most texts hold none of it, which one look at the whole tells; hidden characters may keep it from being found.
    whole = bool(_SUSPECT.search(text))
    rules = [each for each in _RULES if whole or each[2].search(text)]
    if not rules and (known_hosts is None or "://" not in text):
        return []
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        for kind, why, excerpt in _line(line, rules, known_hosts):
            found.append(Finding(number, kind, why, excerpt, path))
    return found


def hosts(text: str) -> set[str]:
    """The hosts the addresses in a text lead to, in lower case."""
    return {host.lower().rstrip(".") for host in _HOST.findall(text)}


def _line(line: str, rules: Sequence[_Rule], known_hosts: Set[str] | None) -> list[tuple[FindingKind, str, str]]:
    found: list[tuple[FindingKind, str, str]] = []
    if hidden := _hidden(line):
        names = ", ".join(sorted(set(hidden.values()))[:3])
        why = f"holds characters that cannot be seen: {names}"
        found.append(("invisible", why, _around(line, min(hidden))))
        # What is hidden between the letters must not hide the words either.
        line = "".join(each for each in line if each != "\xad" and not _is_hidden(each))
    for kind, why, pattern in rules:
        # Of a secret that several rules know, one is told.
        if (match := pattern.search(line)) and not (kind == "secret" and any(each[0] == "secret" for each in found)):
            excerpt = _masked(match[0]) if kind == "secret" else _around(line, match.start())
            found.append((kind, why, excerpt))
    if known_hosts is not None and "://" in line:
        for host in sorted(hosts(line) - known_hosts):
            why = f"leads to {host}, which nothing led to before"
            found.append(("host", why, _around(line, line.lower().find(host))))
    return found


def _is_hidden(character: str) -> bool:
    code = ord(character)
    return (
        (unicodedata.category(character) in ("Cf", "Cc", "Cs", "Co") and character not in "\t\r\xad")
        or 0xFE00 <= code <= 0xFE0E
        or 0xE0100 <= code <= 0xE01EF
        or character in "\u115f\u1160\u3164\uffa0\u034f"
    )


def _hidden(line: str) -> dict[int, str]:
    """Where a line holds characters that cannot be seen, and their names."""
    hidden = {}
    for match in _SUSPECT.finditer(line):
        character, at = match[0], match.start()
        joins = character in _JOINERS and 0 < at < len(line) - 1 and ord(line[at - 1]) > 0x5FF
        mark_of_the_file = character == "\ufeff" and at == 0
        if _is_hidden(character) and not joins and not mark_of_the_file:
            hidden[at] = f"U+{ord(character):04X}"
    return hidden


def visible(text: str) -> str:
    """The text with every character that cannot be seen written as U+…, safe to store and to show."""
    if not _SUSPECT.search(text):
        return text
    return "".join(f"[U+{ord(each):04X}]" if _is_hidden(each) else each for each in text)


def without_secrets(text: str) -> str:
    """The text with whatever looks like a secret shortened to what tells it apart."""
    for _, pattern in _SECRETS:
        text = pattern.sub(lambda found: _masked(found[0]), text)
    return _blotted(text)  # those with hidden characters within


def _around(line: str, at: int) -> str:
    """What stands around a place: whole words where there are any, and dots where it was cut."""
    shown, start = _blotted(line), max(0, at - 40)
    start = shown.index(" ", start, at) if start and " " in shown[start:at] else start
    end = start + EXCERPT - 4
    end = shown.rindex(" ", at, end) if " " in shown[at:end] and end < len(shown) else end
    words = visible(shown[start:end]).strip()
    return f"{'… ' if start else ''}{words}{' …' if end < len(shown) else ''}"


def _blotted(line: str) -> str:
    """The line with all but the beginning of each secret blotted out sign by sign, before anything cuts it: half a
    secret looks like none. Nor do hidden characters within one keep it from being known."""
    seen = [at for at, each in enumerate(line) if each != "\xad" and not _is_hidden(each)]
    bare, signs = "".join(line[at] for at in seen), list(line)
    for _, pattern in _SECRETS:
        for found in pattern.finditer(bare):
            for at in seen[found.start() + SHOWN : found.end()]:
                signs[at] = "•"
    return "".join(signs)


def _masked(secret: str) -> str:
    """Enough of a secret to find it, not enough to use it."""
    return visible(f"{secret[:SHOWN]}… ({len(secret)} characters)")
