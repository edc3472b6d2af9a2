"""The first admin of an installation, through a link that works once."""

from django.core import signing
from django.db import transaction

from dreams.models import User, Workspace
from dreams.services.refusals import Refusal
from dreams.services.workspaces import create_workspace

SALT = "memorydash.setup"
VALID_SECONDS = 24 * 3600


def setup_token() -> str:
    """A token for the set-up page, valid for a day and only while nobody has an account. Raises Refusal."""
    _refuse_second()
    return signing.dumps("first admin", salt=SALT)


def check_token(token: str) -> None:
    """Refusal unless the token is ours, fresh, and nobody was faster."""
    _refuse_second()
    try:
        signing.loads(token, salt=SALT, max_age=VALID_SECONDS)
    except signing.BadSignature as error:
        raise Refusal("This set-up link is not valid or older than a day. Ask for a new one on the server.") from error


def set_up(token: str, *, email: str, name: str, password: str, workspace: str, slug: str) -> tuple[User, Workspace]:
    """Makes the first admin and workspace; once. Raises Refusal, Invalid."""
    check_token(token)
    with transaction.atomic():
        admin = User.objects.create_user(email, password, name=name)
        if User.objects.exclude(pk=admin.pk).exists():
            raise Refusal("Somebody else set this installation up a moment ago.")
        made = create_workspace(name=workspace, slug=slug, admin=admin)
    return admin, made


def _refuse_second() -> None:
    if User.objects.exists():
        raise Refusal("This installation is set up already. An admin adds people on the Members page.")
