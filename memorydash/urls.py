"""The root of all addresses: sign-in is allauth's, everything else is the product's."""

from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("account/", include("allauth.account.urls")),
    path("favicon.ico", RedirectView.as_view(url="/static/icons/favicon.svg")),
    path("", include("dreams.urls")),
]
handler400 = "dreams.views.errors.bad_request"
handler403 = "dreams.views.errors.permission_denied"
handler404 = "dreams.views.errors.not_found"
handler500 = "dreams.views.errors.server_error"
