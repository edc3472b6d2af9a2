# Memorydash for production: one image for web, worker, beat and migrations (see docker-compose.yml).
FROM python:3.12-slim AS build
RUN python -m venv /venv
COPY requirements/run.txt /run.txt
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r /run.txt

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home memorydash && install -d -o memorydash -m 0700 /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=2 \
    DATA_DIR=/data PULSE_DIR=/tmp/pulse STATIC_ROOT=/app/staticfiles PORT=8000
WORKDIR /app
COPY manage.py ./
COPY memorydash memorydash
COPY dreams dreams
COPY templates templates
COPY static static
RUN python -m compileall -q memorydash dreams \
    && DATA_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -r /tmp/build
USER memorydash
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s CMD ["python", "-m", "memorydash.health", "web"]
CMD ["uvicorn", "memorydash.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off", \
     "--no-access-log", "--no-proxy-headers", "--limit-concurrency", "100", "--timeout-graceful-shutdown", "3"]
