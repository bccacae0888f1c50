{{/* The environment that every process has, none of it secret: a map of strings.

SPENDTRAIL_CHECKPOINTS, SPENDTRAIL_NOTARY_KEY and SPENDTRAIL_NOTARY_TOKEN_FILE are none of them: whoever signs the audit log must not be one of those
who write it. They are set for the notary alone (notary.yaml), where it is enabled, or for one that runs elsewhere.

SPENDTRAIL_REGIONS neither: a release serves one region, and refuses what belongs to another. */}}
{{- define "spendtrail.settings" -}}
{{- $groups := dict -}}
{{- range .Files.Get "files/stages.yaml" | fromYamlArray -}}
{{- $_ := set $groups .name .topic -}}
{{- end -}}
SPENDTRAIL_HOME: /var/lib/spendtrail
SPENDTRAIL_BOOTSTRAP_SERVERS: {{ .Values.kafka.bootstrapServers | quote }}
SPENDTRAIL_SCHEMA_REGISTRY_URL: {{ .Values.registryUrl | quote }}
SPENDTRAIL_REPLICATION: {{ int64 .Values.kafka.replication | quote }}
{{- if not .Values.kafka.optionsSecret }}
SPENDTRAIL_KAFKA_OPTIONS: {{ .Values.kafka.options | toJson | quote }}
{{- end }}
SPENDTRAIL_OBJECT_STORE: {{ default "file:///documents" .Values.documents.url | quote }}
SPENDTRAIL_MASTER_KEY: /run/spendtrail/keys/master.json
SPENDTRAIL_PSEUDONYM_SECRET: /run/spendtrail/keys/pseudonyms.secret
SPENDTRAIL_ERP_URL: {{ .Values.erpUrl | quote }}
SPENDTRAIL_HEALTH_HOST: "0.0.0.0"
SPENDTRAIL_HEALTH_PORT: "8080"
SPENDTRAIL_UPLOAD_HOST: "0.0.0.0"
SPENDTRAIL_UPLOAD_PORT: "8000"
SPENDTRAIL_DOOR_GROUPS: {{ $groups | toJson | quote }}
{{- with .Values.settings }}
SPENDTRAIL_TENANT: {{ .tenant | quote }}
SPENDTRAIL_LOG_LEVEL: {{ .logLevel | quote }}
SPENDTRAIL_DRAIN_S: {{ .drainSeconds | quote }}
SPENDTRAIL_CONFIDENCE: {{ .confidence | toJson | quote }}
SPENDTRAIL_CATEGORIES: {{ .categories | toJson | quote }}
SPENDTRAIL_DEAD_LETTERS_PER_MINUTE: {{ int64 .deadLettersPerMinute | quote }}
SPENDTRAIL_STUCK_S: {{ .stuckSeconds | quote }}
SPENDTRAIL_JOIN_LIMIT_S: {{ .joinLimitSeconds | quote }}
SPENDTRAIL_UPLOAD_BYTES: {{ int64 .uploadBytes | quote }}
SPENDTRAIL_LAG_BOUND: {{ int64 .lagBound | quote }}
SPENDTRAIL_POLICY_KEYS: {{ .policyKeys | toJson | quote }}
SPENDTRAIL_POLICY_SIGNATURES: {{ int64 .policySignatures | quote }}
{{- with .policySignedFrom }}
SPENDTRAIL_POLICY_SIGNED_FROM: {{ . | quote }}
{{- end }}
SPENDTRAIL_BACKTEST_REQUIRED: {{ .backtestRequired | quote }}
SPENDTRAIL_BACKTEST_NEWLY_FLAGGED: {{ .backtestNewlyFlagged | quote }}
SPENDTRAIL_BACKTEST_NEWLY_CLEARED: {{ .backtestNewlyCleared | quote }}
{{- with .backtestReviewsPerWeek }}
SPENDTRAIL_BACKTEST_REVIEWS_PER_WEEK: {{ . | quote }}
{{- end }}
SPENDTRAIL_TICK_S: {{ .tickSeconds | quote }}
SPENDTRAIL_ERP_TIMEOUT_S: {{ .erpTimeoutSeconds | quote }}
SPENDTRAIL_REGION: {{ .region | quote }}
SPENDTRAIL_RESIDENCY: {{ .residency | toJson | quote }}
SPENDTRAIL_JURISDICTIONS: {{ .jurisdictions | toJson | quote }}
SPENDTRAIL_RETENTION_DAYS: {{ .retentionDays | toJson | quote }}
{{- end }}
{{- with .Values.assistant }}
SPENDTRAIL_ASSISTANT_URL: {{ .url | quote }}
SPENDTRAIL_ASSISTANT_MODEL: {{ .model | quote }}
SPENDTRAIL_ASSISTANT_TIMEOUT_S: {{ .timeoutSeconds | quote }}
{{- end }}
{{- end -}}

{{/* What comes from a Secret, and so only to who needs it. Takes root and needs. */}}
{{- define "spendtrail.secretEnv" -}}
- name: SPENDTRAIL_INSTANCE
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
# Libraries that keep something in a home folder find the one place that can be written to.
- name: HOME
  value: /tmp
{{- with (default .root.Values.kafka.optionsSecret .optionsSecret) }}
- name: SPENDTRAIL_KAFKA_OPTIONS
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: kafka-options
{{- end }}
{{- if and (has "assistant" .needs) .root.Values.assistant.existingSecret }}
- name: SPENDTRAIL_ASSISTANT_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .root.Values.assistant.existingSecret }}
      key: {{ .root.Values.assistant.key }}
{{- end }}
{{- if has "readModel" .needs }}
- name: SPENDTRAIL_READ_MODEL_URL
  valueFrom:
    secretKeyRef:
      name: {{ .root.Values.secrets.existingSecret }}
      key: {{ .root.Values.secrets.readModelUrl }}
{{- end }}
{{- end -}}
