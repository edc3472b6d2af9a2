"""Every page on one screen."""

urlpatterns: list = []
