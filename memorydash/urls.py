"""The root of all addresses: sign-in is allauth's, everything else is the product's."""

from allauth.account.urls import urlpatterns as account
from django.urls import include, path
from django.views.generic import RedirectView

# No mail is verified here, so whoever could choose an address could be invited elsewhere as somebody else.
CLOSED = {"account_email", "account_confirm_email", "account_email_verification_sent"}

urlpatterns = [
    path("account/", include([each for each in account if each.name not in CLOSED])),
    path("favicon.ico", RedirectView.as_view(url="/static/icons/favicon.svg")),
    path("", include("dreams.urls")),
]
handler400 = "dreams.views.errors.bad_request"
handler403 = "dreams.views.errors.permission_denied"
handler404 = "dreams.views.errors.not_found"
handler500 = "dreams.views.errors.server_error"
