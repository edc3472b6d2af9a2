"""Every page on one screen. Ids of the vendor are its own (memstore_…, mem_…, sesn_…), ours are numbers."""

from django.urls import path

from dreams.views import (
    agents,
    attachments,
    audit,
    budget,
    compare,
    dreams,
    drift,
    feed,
    health,
    home,
    imports,
    inbox,
    members,
    memories,
    origins,
    panels,
    put_back,
    reviews,
    runs,
    search,
    sessions,
    snapshots,
    stores,
    together,
    verdicts,
    versions,
    workspaces,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", home.healthz, name="healthz"),
    path("theme/", home.theme, name="theme"),
    path("setup/<str:token>/", home.setup, name="setup"),
    # Inbox
    path("<slug:ws>/", inbox.inbox, name="inbox"),
    # Stores and memories
    path("<slug:ws>/stores/", stores.store_list, name="store-list"),
    path("<slug:ws>/stores/new/", stores.store_create, name="store-create"),
    path("<slug:ws>/stores/import/", imports.store_import, name="store-import"),
    path("<slug:ws>/stores/import/<int:pk>/", imports.store_preview, name="store-preview"),
    path("<slug:ws>/stores/<str:store_id>/", stores.store_detail, name="store-detail"),
    path("<slug:ws>/stores/<str:store_id>/refresh/", stores.store_refresh, name="store-refresh"),
    path("<slug:ws>/stores/<str:store_id>/freshness/", stores.store_freshness, name="store-freshness"),
    path("<slug:ws>/stores/<str:store_id>/health/", health.store_health, name="store-health"),
    path("<slug:ws>/stores/<str:store_id>/archive/", stores.store_archive, name="store-archive"),
    path("<slug:ws>/stores/<str:store_id>/delete/", stores.store_delete, name="store-delete"),
    path("<slug:ws>/stores/<str:store_id>/download/", snapshots.store_download, name="store-download"),
    path("<slug:ws>/stores/<str:store_id>/compare/", compare.store_compare, name="store-compare"),
    path("<slug:ws>/stores/<str:store_id>/memories/new/", memories.memory_create, name="memory-create"),
    path("<slug:ws>/stores/<str:store_id>/memories/<str:memory_id>/", memories.memory_detail, name="memory-detail"),
    path("<slug:ws>/stores/<str:store_id>/memories/<str:memory_id>/edit/", memories.memory_edit, name="memory-edit"),
    path(
        "<slug:ws>/stores/<str:store_id>/memories/<str:memory_id>/rename/",
        memories.memory_rename,
        name="memory-rename",
    ),
    path(
        "<slug:ws>/stores/<str:store_id>/memories/<str:memory_id>/delete/",
        memories.memory_delete,
        name="memory-delete",
    ),
    # Search
    path("<slug:ws>/search/", search.search, name="search"),
    # Versions of a memory
    path(
        "<slug:ws>/stores/<str:store_id>/memories/<str:memory_id>/versions/",
        versions.memory_versions,
        name="memory-versions",
    ),
    path(
        "<slug:ws>/stores/<str:store_id>/memories/<str:memory_id>/refresh/",
        versions.memory_refresh,
        name="memory-refresh",
    ),
    path(
        "<slug:ws>/stores/<str:store_id>/versions/<str:version_id>/read/", versions.version_read, name="version-read"
    ),
    path(
        "<slug:ws>/stores/<str:store_id>/versions/<str:version_id>/turn/", versions.version_turn, name="version-turn"
    ),
    path(
        "<slug:ws>/stores/<str:store_id>/versions/<str:version_id>/restore/",
        versions.version_restore,
        name="version-restore",
    ),
    path(
        "<slug:ws>/stores/<str:store_id>/versions/<str:version_id>/redact/",
        versions.version_redact,
        name="version-redact",
    ),
    path("<slug:ws>/texts/<str:sha>/purge/", versions.text_purge, name="text-purge"),
    # Snapshots
    path("<slug:ws>/stores/<str:store_id>/snapshots/", snapshots.snapshot_list, name="snapshot-list"),
    path("<slug:ws>/stores/<str:store_id>/snapshots/take/", snapshots.snapshot_take, name="snapshot-take"),
    path("<slug:ws>/snapshots/<int:pk>/", snapshots.snapshot_detail, name="snapshot-detail"),
    path("<slug:ws>/snapshots/<int:pk>/restore/", snapshots.snapshot_restore, name="snapshot-restore"),
    path("<slug:ws>/snapshots/<int:pk>/download/", snapshots.snapshot_download, name="snapshot-download"),
    # Changes
    path("<slug:ws>/changes/", feed.feed, name="feed"),
    path("<slug:ws>/changes/seen/", feed.feed_seen, name="feed-seen"),
    path("<slug:ws>/changes/<int:pk>/", feed.feed_entry, name="feed-entry"),
    path("<slug:ws>/changes/<int:pk>/read/", feed.feed_read, name="feed-read"),
    path("<slug:ws>/stores/<str:store_id>/changes/", feed.store_feed, name="store-feed"),
    # Any two moments
    path("<slug:ws>/compare/", compare.compare, name="compare"),
    path("<slug:ws>/compare/review/", compare.compare_review, name="compare-review"),
    # Dreams
    path("<slug:ws>/stores/<str:store_id>/dream/", dreams.dream_create, name="dream-create"),
    path("<slug:ws>/dreams/", dreams.dream_list, name="dream-list"),
    path("<slug:ws>/dreams/recheck/", dreams.dream_recheck, name="dream-recheck"),
    path("<slug:ws>/dreams/<int:pk>/", dreams.dream_detail, name="dream-detail"),
    path("<slug:ws>/dreams/<int:pk>/cancel/", dreams.dream_cancel, name="dream-cancel"),
    path("<slug:ws>/dreams/<int:pk>/review/", dreams.dream_review, name="dream-review"),
    # Reviews
    path("<slug:ws>/reviews/<int:pk>/", reviews.review_detail, name="review-detail"),
    path("<slug:ws>/reviews/<int:pk>/changes/<int:change>/", reviews.change_detail, name="change-detail"),
    path("<slug:ws>/reviews/<int:pk>/changes/<int:change>/decide/", reviews.change_decide, name="change-decide"),
    path("<slug:ws>/reviews/<int:pk>/changes/<int:change>/edit/", reviews.change_edit, name="change-edit"),
    path("<slug:ws>/reviews/<int:pk>/changes/<int:change>/origins/", origins.change_origins, name="change-origins"),
    path("<slug:ws>/reviews/<int:pk>/changes/<int:change>/undo/", reviews.change_undo, name="change-undo"),
    path(
        "<slug:ws>/reviews/<int:pk>/changes/<int:change>/memories/<int:panel>/",
        panels.change_panel,
        name="change-panel",
    ),
    path(
        "<slug:ws>/reviews/<int:pk>/changes/<int:change>/put-back/", put_back.change_put_back, name="change-put-back"
    ),
    path("<slug:ws>/reviews/<int:pk>/drift/", drift.review_drift, name="review-drift"),
    path("<slug:ws>/reviews/<int:pk>/map/", reviews.review_map, name="review-map"),
    path("<slug:ws>/reviews/<int:pk>/accept/<slug:kind>/", together.review_accept, name="review-accept"),
    path("<slug:ws>/reviews/<int:pk>/accepted/<int:batch>/", together.review_accepted, name="review-accepted"),
    path("<slug:ws>/reviews/<int:pk>/approve/", verdicts.review_approve, name="review-approve"),
    path("<slug:ws>/reviews/<int:pk>/reopen/", verdicts.review_reopen, name="review-reopen"),
    path("<slug:ws>/reviews/<int:pk>/discard/", verdicts.review_discard, name="review-discard"),
    # Applying
    path("<slug:ws>/reviews/<int:pk>/plan/", runs.run_plan, name="run-plan"),
    path("<slug:ws>/runs/<int:pk>/", runs.run_detail, name="run-detail"),
    path("<slug:ws>/runs/<int:pk>/confirm/", runs.run_confirm, name="run-confirm"),
    path("<slug:ws>/runs/<int:pk>/again/", runs.run_again, name="run-again"),
    # Attachments
    path("<slug:ws>/reviews/<int:pk>/attach/", attachments.attachment_create, name="attachment-create"),
    path("<slug:ws>/reviews/<int:pk>/make-current/", attachments.make_current, name="make-current"),
    path("<slug:ws>/attachments/", attachments.attachment_list, name="attachment-list"),
    path("<slug:ws>/attachments/<int:pk>/", attachments.attachment_detail, name="attachment-detail"),
    path("<slug:ws>/attachments/<int:pk>/undo/", attachments.attachment_undo, name="attachment-undo"),
    # Sessions
    path("<slug:ws>/sessions/", sessions.session_list, name="session-list"),
    path("<slug:ws>/sessions/<str:session_id>/", sessions.session_detail, name="session-detail"),
    path("<slug:ws>/stores/<str:store_id>/sessions/", sessions.store_sessions, name="store-sessions"),
    # Agents
    path("<slug:ws>/agents/", agents.agent_list, name="agent-list"),
    path("<slug:ws>/agents/<str:agent_id>/", agents.agent_detail, name="agent-detail"),
    path("<slug:ws>/deployments/<str:deployment_id>/", agents.deployment_detail, name="deployment-detail"),
    # The workspace
    path("<slug:ws>/members/", members.member_list, name="member-list"),
    path("<slug:ws>/members/<int:pk>/", members.member_change, name="member-change"),
    path("<slug:ws>/members/<int:pk>/link/", members.member_link, name="member-link"),
    path("<slug:ws>/settings/", workspaces.workspace_settings, name="workspace-settings"),
    path("<slug:ws>/settings/key/", workspaces.workspace_key, name="workspace-key"),
    path("<slug:ws>/budget/", budget.budget, name="budget"),
    path("<slug:ws>/import/", workspaces.workspace_import, name="workspace-import"),
    path("<slug:ws>/audit/", audit.audit_list, name="audit-list"),
]
