# The server as a container: non-root, runs on a read-only root, no build tools in what ships.
FROM python:3.13-slim-trixie AS build
RUN python -m venv --without-pip /opt/venv
COPY requirements.txt .
# VISION=no leaves OpenVINO out: a quarter of the bytes, and steps that need a model answer 503 runtime_missing.
ARG VISION=yes
# JXL=no leaves imagecodecs out: 11 MB; JPEG XL, JPEGs of more than 8 bits and lossless ones are 415s that say so.
ARG JXL=yes
RUN if [ "$VISION" = no ]; then sed -i '/^openvino/,/[^\\]$/d' requirements.txt; fi \
 && if [ "$JXL" = no ]; then sed -i '/^imagecodecs/,/[^\\]$/d' requirements.txt; fi \
 && python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --require-hashes -r requirements.txt
COPY . /srv/darkroom
# A sixth of what was installed is never loaded: most of imagecodecs, descriptions of other services than S3, tests.
RUN python -B /srv/darkroom/tools/unused.py /opt/venv/lib/python3*/site-packages /srv/darkroom \
 && rm -r /srv/darkroom/tools
# Bytecode is made here, because the root is read-only later; "unchecked" because file times do not survive every copy.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib /srv/darkroom

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="darkroom" \
      org.opencontainers.image.description="A serverless image function: send a picture and a pipeline, get back a picture." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# The base brings pip along, and some bases apt's lists. Nothing is installed from here on, so no intruder should find them.
RUN find / -xdev \( -path '*-packages/pip' -o -path '*-packages/pip-*' -o -path '*-packages/setuptools*' \
      -o -path '*-packages/wheel*' -o -name ensurepip -o -name '*.whl' -o -path '*/bin/pip*' \
      -o -path '/var/lib/apt/lists/*' \) -prune -exec rm -rf {} +
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/darkroom /srv/darkroom
WORKDIR /srv/darkroom
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DARKROOM_HOST=0.0.0.0 \
    PORT=8080
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
# By the image's own Python, since it has neither curl nor wget; past any proxy that the environment may name.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(f\"http://127.0.0.1:{os.environ['PORT']}/health\", timeout=4)"]
# AWS Lambda runs the same image with the entry point `python -m awslambdaric` and the command `main.on_lambda`, as any
# user, on a root that it cannot write: docs/deploy.md.
CMD ["gunicorn", "--config", "functions/server/gunicorn_conf.py", "main:app"]
