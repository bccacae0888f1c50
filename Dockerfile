# One image runs everything: `spendtrail run <stage>`, the upload service, the ticker and the ERP sandbox.

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock requirements-dev.lock scripts/bootstrap.txt ./
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r bootstrap.txt \
 && python -m venv /opt/spendtrail \
 && uv pip sync --no-cache --python /opt/spendtrail/bin/python --require-hashes requirements.lock \
 # The build backend, from the same lock: it builds the wheel and stays behind in this stage.
 && python -m venv /opt/backend \
 && uv pip sync --no-cache --python /opt/backend/bin/python --require-hashes requirements-dev.lock
COPY . .
RUN uv build --no-cache --wheel --no-build-isolation --python /opt/backend/bin/python --out-dir /dist \
 && uv pip install --no-cache --python /opt/spendtrail/bin/python --no-deps /dist/*.whl

FROM python:3.11-slim-bookworm
RUN apt-get update \
 && apt-get install --yes --no-install-recommends tesseract-ocr tesseract-ocr-eng tesseract-ocr-deu tesseract-ocr-fra \
    tesseract-ocr-spa tesseract-ocr-ita tesseract-ocr-nld tesseract-ocr-por tesseract-ocr-msa fonts-dejavu-core \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home spendtrail \
 && install --directory --owner=spendtrail --group=spendtrail --mode=0750 /var/lib/spendtrail
COPY --from=build /opt/spendtrail /opt/spendtrail
ENV PATH=/opt/spendtrail/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SPENDTRAIL_HOME=/var/lib/spendtrail \
    SPENDTRAIL_HEALTH_HOST=0.0.0.0 \
    SPENDTRAIL_HEALTH_PORT=8080
USER spendtrail
WORKDIR /var/lib/spendtrail
VOLUME /var/lib/spendtrail
CMD ["spendtrail", "--help"]
