"""Who may do what: roles in rising order and the least role that each action asks for, as data."""

VIEWER, REVIEWER, OPERATOR, ADMIN = "viewer", "reviewer", "operator", "admin"
ROLES = (VIEWER, REVIEWER, OPERATOR, ADMIN)
ROLE_WORDS = {VIEWER: "Viewer", REVIEWER: "Reviewer", OPERATOR: "Operator", ADMIN: "Admin"}
ROLE_ABOUT = {
    VIEWER: "reads everything",
    REVIEWER: "also decides changes and approves or discards reviews",
    OPERATOR: "also starts and cancels dreams, writes memories, applies and attaches",
    ADMIN: "also redacts and purges texts, manages people, the key and the settings",
}

LEAST_ROLE = {
    "read": VIEWER,
    "decide_change": REVIEWER,
    "approve_review": REVIEWER,
    "discard_review": REVIEWER,
    "take_snapshot": REVIEWER,
    "start_dream": OPERATOR,
    "cancel_dream": OPERATOR,
    "write_memory": OPERATOR,
    "redact_version": ADMIN,
    "purge_text": ADMIN,
    "manage_store": OPERATOR,
    "restore_store": OPERATOR,
    "apply_review": OPERATOR,
    "attach_store": OPERATOR,
    "read_audit": REVIEWER,
    "manage_members": ADMIN,
    "change_settings": ADMIN,
}
ACTION_WORDS = {
    "read": "read this workspace",
    "decide_change": "decide changes",
    "approve_review": "approve reviews",
    "discard_review": "discard reviews",
    "take_snapshot": "take snapshots",
    "start_dream": "start dreams",
    "cancel_dream": "cancel dreams",
    "write_memory": "write memories",
    "redact_version": "redact versions",
    "purge_text": "purge texts",
    "manage_store": "create, archive or delete stores",
    "restore_store": "restore or import stores",
    "apply_review": "apply reviews",
    "attach_store": "attach stores to deployments",
    "read_audit": "read the audit log",
    "manage_members": "manage members",
    "change_settings": "change the settings",
}


def allows(role: str, action: str) -> bool:
    """Whether `role` is enough for `action`; KeyError for an action that is not in the table."""
    return ROLES.index(role) >= ROLES.index(LEAST_ROLE[action])


def refusal(role: str, action: str) -> str:
    """The sentence for a disabled button and for the refused request behind it."""
    return f"To {ACTION_WORDS[action]} you need the role {LEAST_ROLE[action]}; yours is {role}."
