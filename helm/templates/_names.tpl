{{- define "spendtrail.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters, so that a stage's name, a ReplicaSet's hash and a pod's still fit behind it into 63. */}}
{{- define "spendtrail.fullname" -}}
{{- $name := include "spendtrail.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Takes root and component. */}}
{{- define "spendtrail.selector" -}}
app.kubernetes.io/name: {{ include "spendtrail.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "spendtrail.labels" -}}
{{ include "spendtrail.selector" . }}
app.kubernetes.io/part-of: spendtrail
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "spendtrail.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "spendtrail.account" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "spendtrail.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "spendtrail.claim" -}}
{{- default (printf "%s-documents" (include "spendtrail.fullname" .)) .Values.documents.existingClaim -}}
{{- end -}}

{{/* Takes a section of cpuMillis, memoryMi, memoryLimitMi. */}}
{{- define "spendtrail.resources" -}}
requests:
  cpu: {{ int64 .cpuMillis }}m
  memory: {{ int64 .memoryMi }}Mi
limits:
  memory: {{ int64 .memoryLimitMi }}Mi
{{- end -}}
