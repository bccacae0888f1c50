{{- define "spendtrail.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 36 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 36 characters, so that a stage's name, a ReplicaSet's hash and a pod's fit behind it into the 63 of a host name. */}}
{{- define "spendtrail.fullname" -}}
{{- $name := include "spendtrail.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 36 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 36 | trimSuffix "-" -}}
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
