# The local gateway (event-gateway --dev) in a container, for development:
#
#   docker build -t event-gateway .
#   docker run --rm -p 4000-4003:4000-4003 -v event-gateway:/data event-gateway
#
# This file was not built where it was written: there was no Docker engine. Its pip steps were run in a plain virtual environment.

FROM python:3.13-slim AS build
WORKDIR /source
COPY . .
# The lock pins what is installed. Its hashes are left out here, because a wheel built on the spot has none.
RUN sed -n 's/^\([A-Za-z0-9._-]*==[^ ;]*\).*/\1/p' requirements.lock > /tmp/constraints.txt \
    && python -m venv /opt/event-gateway \
    && /opt/event-gateway/bin/pip install --no-cache-dir --disable-pip-version-check --constraint /tmp/constraints.txt .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin gateway \
    && install --directory --owner gateway --group gateway /data
COPY --from=build /opt/event-gateway /opt/event-gateway
ENV PATH=/opt/event-gateway/bin:$PATH PYTHONUNBUFFERED=1
USER gateway
WORKDIR /data
VOLUME /data
EXPOSE 4000 4001 4002 4003
ENTRYPOINT ["event-gateway", "--dev", "--host", "0.0.0.0", "--embed-data-dir", "/data"]
