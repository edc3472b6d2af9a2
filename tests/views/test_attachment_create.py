"""The attach page: exact before and after, what agents wrote since, why one may not; only what was seen is done."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dreams.models import Attachment, Deployment, Review, Store, StoreLine, Workspace
from dreams.services import attachments as service
from tests.factories import agent_deletes, agent_writes, review_applied, review_approved
from tests.people import People, browser_of
from tests.sandbox_server import Sandbox
from tests.views.attaching import attached, deployment, form_of, mount, page_of
from tests.views.pages import assert_members_only, assert_only

REPOSITORY = {"type": "github_repository", "url": "https://github.com/acme/api", "checkout": None, "mount_path": None}


@pytest.fixture
def review(people: People, sandbox: Sandbox) -> Review:
    return review_applied(people, sandbox)


def url_of(review: Review) -> str:
    return f"/acme/reviews/{review.pk}/attach/"


def test_members_open_it_and_nobody_else(people: People, review: Review) -> None:
    assert_members_only(people, url_of(review))
    assert_members_only(people, url_of(review), method="post")
    assert_only(people, url_of(review), "get", "post")
    assert browser_of(people.mallory).get(f"/acme-rival/reviews/{review.pk}/attach/").status_code == 404


def test_opening_it_asks_the_vendor_nothing(people: People, sandbox: Sandbox, review: Review) -> None:
    deployment(sandbox, review)
    sandbox.requests(clear=True)
    page_of(browser_of(people.dave), url_of(review))
    assert sandbox.requests() == []


def test_it_shows_the_exact_list_before_and_after(people: People, sandbox: Sandbox, review: Review) -> None:
    instructions = "Trust <b>it</b>."
    deployment(sandbox, review, resources=[mount(review.before.store, instructions=instructions)])
    page = page_of(browser_of(people.dave), url_of(review))
    assert f"<del>{review.before.store.remote_id}" in page
    assert f"<ins>{review.target.remote_id}" in page
    assert "Trust &lt;b&gt;it&lt;/b&gt;." in page
    assert page.count("Agents find this memory under") == 1
    assert "It is wise to attach one first" in page


def test_a_repository_without_its_token_is_the_reason_of_a_disabled_box(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    made = deployment(sandbox, review, resources=[mount(review.before.store), REPOSITORY])
    page = page_of(browser_of(people.dave), url_of(review))
    assert "access token the API never gives back" in page
    assert f'value="{made} ' not in page
    assert "Attach what is ticked" not in page


def test_paused_and_attached_deployments_are_marked(people: People, sandbox: Sandbox, review: Review) -> None:
    deployment(sandbox, review, status="paused", paused_reason={"type": "manual"})
    deployment(sandbox, review, name="ready", resources=[mount(review.target)])
    page = page_of(browser_of(people.dave), url_of(review))
    assert "Paused" in page
    assert page.count("Mounts it already") == 1


def test_a_deployment_on_an_older_store_of_the_line_is_said_to_leave_more_behind(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    old = Store.objects.create(
        workspace=people.workspace,
        line=review.line,
        remote_id="memstore_older",
        name="support of May",
        created_at=timezone.now(),
    )
    deployment(sandbox, review, resources=[mount(old)])
    page = page_of(browser_of(people.dave), url_of(review))
    assert "It mounts support of May, an older store of this line" in page


def test_what_agents_wrote_since_is_listed_with_links(people: People, sandbox: Sandbox, review: Review) -> None:
    deployment(sandbox, review)
    assert "Nothing: as of" in page_of(browser_of(people.dave), url_of(review))
    agent_writes(sandbox, review.before.store, "/late.md", "Late")
    agent_deletes(sandbox, review.before.store, "/runbooks/rollback.md")
    service.prepare_attachment(review)
    page = page_of(browser_of(people.dave), url_of(review))
    assert "wrote 2 paths that the dream did not know. Attaching leaves them behind" in page
    late = sandbox.state.memory_at(review.before.store.remote_id, "/late.md")
    assert late is not None
    assert f"/memories/{late['id']}/" in page
    assert "/runbooks/rollback.md" in page
    assert "leaving 2 writes behind" in page


@pytest.mark.parametrize("who", ["carol", "bob"])
def test_others_see_the_lists_and_why_they_may_not(people: People, sandbox: Sandbox, review: Review, who: str) -> None:
    made = deployment(sandbox, review)
    client = browser_of(getattr(people, who))
    page = page_of(client, url_of(review))
    assert "To attach stores to deployments you need the role operator" in page
    assert f"<ins>{review.target.remote_id}" in page
    assert 'name="chosen"' not in page
    assert client.post(url_of(review), form_of(review, made)).status_code == 403
    assert not Attachment.objects.exists()


def test_old_knowledge_is_read_again_before_anybody_chooses(people: People, sandbox: Sandbox, review: Review) -> None:
    deployment(sandbox, review)
    Workspace.objects.update(agents_listed_at=timezone.now() - timedelta(minutes=20))
    client = browser_of(people.dave)
    page = page_of(client, url_of(review))
    assert "more than ten minutes old" in page
    assert 'name="chosen"' not in page
    answer = client.post(url_of(review), {"check": "1"})
    assert (answer.status_code, answer["Location"]) == (302, url_of(review))
    assert 'name="chosen"' in page_of(client, url_of(review))


def test_deployments_never_read_are_not_called_none(people: People, review: Review) -> None:
    Workspace.objects.update(agents_listed_at=None)
    page = page_of(browser_of(people.dave), url_of(review))
    assert "The deployments were not read yet" in page
    assert "No deployment mounts" not in page


def test_what_is_ticked_is_asked_for_and_the_page_follows_it(people: People, sandbox: Sandbox, review: Review) -> None:
    made, other = deployment(sandbox, review), deployment(sandbox, review, name="other")
    client = browser_of(people.dave)
    answer = client.post(url_of(review), form_of(review, made))
    assert (answer.status_code, answer["Location"]) == (302, url_of(review))
    attachment = Attachment.objects.get()
    assert (attachment.deployment_id, attachment.by, attachment.state) == (made, people.dave, "waiting")
    page = page_of(client, url_of(review))
    assert 'hx-trigger="every 2s"' in page
    assert "It is being changed at this moment." in page
    assert f'value="{made} ' not in page
    assert f'value="{other} ' in page


def test_htmx_gets_only_what_was_asked_for_and_the_whole_page_when_it_ended(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    made = deployment(sandbox, review)
    client = browser_of(people.dave)
    client.post(url_of(review), form_of(review, made))
    answer = client.get(url_of(review), headers={"HX-Request": "true"})
    assert answer.content.decode().strip().split("\n")[-1] == "</div>"
    assert 'id="made"' in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert "HX-Request" in answer["Vary"]
    assert "HX-Refresh" not in answer
    service.attach_one(Attachment.objects.get())
    answer = client.get(url_of(review), headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"
    assert "Attached" in answer.content.decode()


def test_nothing_ticked_is_said(people: People, sandbox: Sandbox, review: Review) -> None:
    deployment(sandbox, review)
    answer = browser_of(people.dave).post(url_of(review), form_of(review))
    assert answer.status_code == 422
    assert "Choose at least one deployment." in answer.content.decode()


def test_a_form_that_lost_its_digest_is_not_taken(people: People, sandbox: Sandbox, review: Review) -> None:
    made = deployment(sandbox, review)
    answer = browser_of(people.dave).post(url_of(review), {**form_of(review, made), "drift": "'"})
    assert answer.status_code == 422
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("value", ["", " ", "x", "depl_1", "depl_1 x y", "\u202e 1"])
def test_a_malformed_choice_is_not_taken(people: People, sandbox: Sandbox, review: Review, value: str) -> None:
    deployment(sandbox, review)
    answer = browser_of(people.dave).post(url_of(review), {**form_of(review), "chosen": [value]})
    assert answer.status_code == 409
    assert not Attachment.objects.exists()


def test_a_write_that_was_not_shown_is_shown_before_anything_happens(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    made = deployment(sandbox, review)
    form = form_of(review, made)
    agent_writes(sandbox, review.before.store, "/late.md", "Late")
    client = browser_of(people.dave)
    answer = client.post(url_of(review), form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Agents wrote to the store since this page was made" in page
    assert "/late.md" in page
    assert "checked" in page  # what was ticked is still ticked
    assert not Attachment.objects.exists()
    assert client.post(url_of(review), form_of(review, made)).status_code == 302


def test_a_deployment_changed_since_is_shown_as_it_stands_now(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    made = deployment(sandbox, review)
    form = form_of(review, made)
    head = sandbox.state.get("deployment", made)
    assert head is not None
    theirs = [mount(review.before.store, instructions="Other words.")]
    sandbox.state.put("deployment", {**head, "resources": theirs})
    answer = browser_of(people.dave).post(url_of(review), form)
    assert answer.status_code == 409
    assert "changed since this page was made" in answer.content.decode()
    assert "Other words." in answer.content.decode()


def test_a_review_that_is_not_applied_leads_back_to_it(people: People, sandbox: Sandbox) -> None:
    review = review_approved(people, sandbox)
    page = page_of(browser_of(people.dave), url_of(review))
    assert "Only a review that was applied can be attached" in page
    assert browser_of(people.dave).post(url_of(review), {"drift": "0" * 64}).status_code == 409


def test_without_a_deployment_the_store_may_become_current_and_the_entry_is_ready(
    people: People, review: Review
) -> None:
    service.prepare_attachment(review)
    page = page_of(browser_of(people.dave), url_of(review))
    assert "No deployment mounts a store of this line" in page
    assert f"/acme/reviews/{review.pk}/make-current/" in page
    assert f"&quot;memory_store_id&quot;: &quot;{review.target.remote_id}&quot;" in page
    assert "client.beta.sessions.create(" in page


def test_the_python_entry_is_python_and_says_what_the_json_says(people: People, review: Review) -> None:
    import ast
    import json

    from dreams.queries.attachments import entry_snippets

    entry, python = entry_snippets(review.target)
    call = ast.parse(python).body[0].value  # type: ignore[attr-defined]
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    assert given["resources"] == [json.loads(entry)]


def test_where_all_is_attached_nothing_is_left_to_tick(people: People, sandbox: Sandbox, review: Review) -> None:
    attached(review, people, deployment(sandbox, review))
    page = page_of(browser_of(people.dave), url_of(review))
    assert "Every deployment that mounts a store of this line mounts the reviewed one" in page
    assert "Attach what is ticked" not in page


def test_an_input_that_vanished_is_said(people: People, sandbox: Sandbox, review: Review) -> None:
    sandbox.state.remove("store", review.before.store.remote_id)
    made = deployment(sandbox, review)
    page = page_of(browser_of(people.dave), url_of(review))
    assert "no longer exists at the vendor" in page
    assert f'value="{made} ' in page


def test_a_vendor_that_fails_while_reading_again_is_said(people: People, sandbox: Sandbox, review: Review) -> None:
    sandbox.faults([{"method": "GET", "path": "/v1/*", "kind": "status", "status": 500}])
    answer = browser_of(people.dave).post(url_of(review), {"check": "1"})
    assert answer.status_code == 503


def test_the_number_of_queries_does_not_grow_with_deployments_and_writes(
    people: People, sandbox: Sandbox, review: Review
) -> None:
    client, counts = browser_of(people.dave), []
    StoreLine.objects.update(current_store=None)
    for size in (2, 20):
        for number in range(size):
            deployment(sandbox, review, name=f"d{size}-{number}")
            agent_writes(sandbox, review.before.store, f"/late/{size}-{number}.md", "Late")
        service.prepare_attachment(review)
        with CaptureQueriesContext(connection) as queries:
            page_of(client, url_of(review))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Deployment.objects.count() == 22
