"""Tests of everything that starts processes: the launcher, the Makefile, the services of docker-compose.yml."""
