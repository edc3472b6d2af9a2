"""The words of the record: its verbs, which a reader may look for, and its nouns as people call them."""

# As services write them. A verb that is missing here is still recorded and found, only not suggested.
VERBS = (
    *("requested dream", "took back dream", "started dream", "could not start dream", "canceled dream"),
    *("lost the answer to starting dream", "gave up on dream", "lost dream"),
    *("dream completed", "dream failed", "dream canceled"),
    *("opened review", "accepted change", "kept change", "edited change", "undid the decision on change"),
    *("accepted together", "took back together"),
    *("asked for another look at change", "let stand the decision on change"),
    *("approved review", "reopened review", "discarded review", "superseded review", "rolled back review"),
    *("planned applying", "confirmed applying", "applied review", "could not apply review"),
    *("asked to attach", "attached", "did not attach", "asked to roll back", "rolled back", "made store current"),
    *("created memory", "edited memory", "renamed memory", "deleted memory", "restored memory", "undeleted memory"),
    *("asked to redact version", "redacted version", "could not redact version"),
    *("lost the answer to redacting version", "purged text"),
    *("created store", "archived store", "deleted store", "took snapshot", "asked for store"),
    *("planned restoring", "confirmed restoring", "restored store", "could not restore store"),
    *("imported store", "could not import store"),
    *("added member", "changed member", "made password link"),
    *("created workspace", "connected key", "changed settings"),
)
# What the details of an event are called where their own name says too little.
DETAILS = {
    "result": "leaves",
    "off": "memories not as decided",
    "steps": "writes",
    "remote_id": "vendor id",
    "sha256": "bytes",
    "seen_sha": "bytes seen",
    "was": "before",
    "path": "at",
}
NOUNS = {
    "dream": "dream",
    "review": "review",
    "change": "change",
    "applyrun": "plan",
    "attachment": "attachment",
    "store": "store",
    "storedraft": "store to be made",
    "snapshot": "snapshot",
    "memory": "memory",
    "membership": "member",
    "workspace": "workspace",
    "text": "text",
}
