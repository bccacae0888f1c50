{{- define "spendtrail.confined" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
{{- end -}}

{{/*
A pod's spec. Takes root; component; command; needs (of masterKey, pseudonyms, documents, readModel); resources; and
optionally env, ports, probes, lifecycle (YAML texts), state (a disk for it) and hook (nothing of the release exists
yet: the settings are written out, the account is the namespace's own); for who signs, signing (secret, item, file),
storeSecret, optionsSecret and remember (a claim).
*/}}
{{- define "spendtrail.pod" -}}
{{- $root := .root -}}
{{- $keys := or (has "masterKey" .needs) (has "pseudonyms" .needs) (hasKey . "signing") -}}
{{- $claim := and (has "documents" .needs) (not $root.Values.documents.url) -}}
serviceAccountName: {{ ternary "default" (include "spendtrail.account" $root) (and (hasKey . "hook") $root.Values.serviceAccount.create) }}
automountServiceAccountToken: false
# A Service called spendtrail-upload would otherwise set SPENDTRAIL_UPLOAD_PORT to its own address.
enableServiceLinks: false
# The process is not the first of the pod, so that what a killed worker leaves behind is reaped.
shareProcessNamespace: true
terminationGracePeriodSeconds: {{ int64 $root.Values.pods.terminationGracePeriodSeconds }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- if $keys }}
initContainers:
  # Key files are refused when anybody but their owner may read them, and a mounted Secret belongs to root.
  - name: keys
    image: {{ include "spendtrail.image" $root }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    command: [install, --mode=0600, --target-directory=/run/spendtrail/keys]
    args:
      {{- if has "masterKey" .needs }}
      - /run/spendtrail/secret/master.json
      {{- end }}
      {{- if has "pseudonyms" .needs }}
      - /run/spendtrail/secret/pseudonyms.secret
      {{- end }}
      {{- with .signing }}
      - /run/spendtrail/secret/{{ .file }}
      {{- end }}
    securityContext:
      {{- include "spendtrail.confined" . | nindent 6 }}
    resources:
      requests:
        cpu: 10m
        memory: 16Mi
      limits:
        memory: 64Mi
    volumeMounts:
      - name: secret
        mountPath: /run/spendtrail/secret
        readOnly: true
      - name: keys
        mountPath: /run/spendtrail/keys
{{- end }}
containers:
  - name: {{ .component }}
    image: {{ include "spendtrail.image" $root }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    args: {{ .command | toJson }}
    {{- if or (not (hasKey . "hook")) (and (has "documents" .needs) $root.Values.documents.existingSecret) }}
    envFrom:
      {{- if not (hasKey . "hook") }}
      - configMapRef:
          name: {{ include "spendtrail.fullname" $root }}
      {{- end }}
      {{- with .storeSecret }}
      - secretRef:
          name: {{ . }}
      {{- end }}
      {{- if and (has "documents" .needs) $root.Values.documents.existingSecret }}
      - secretRef:
          name: {{ $root.Values.documents.existingSecret }}
      {{- end }}
    {{- end }}
    env:
      {{- include "spendtrail.secretEnv" . | nindent 6 }}
      {{- if hasKey . "hook" }}
      {{- range $name, $value := include "spendtrail.settings" $root | fromYaml }}
      - name: {{ $name }}
        value: {{ $value | quote }}
      {{- end }}
      {{- end }}
      {{- with .env }}
      {{- trim . | nindent 6 }}
      {{- end }}
    {{- with .ports }}
    ports:
      {{- . | nindent 6 }}
    {{- end }}
    {{- with .probes }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .lifecycle }}
    lifecycle:
      {{- . | nindent 6 }}
    {{- end }}
    securityContext:
      {{- include "spendtrail.confined" . | nindent 6 }}
    resources:
      {{- .resources | nindent 6 }}
    volumeMounts:
      - name: home
        mountPath: /var/lib/spendtrail
      - name: scratch
        mountPath: /tmp
      {{- if $keys }}
      - name: keys
        mountPath: /run/spendtrail/keys
        readOnly: true
      {{- end }}
      {{- if $claim }}
      - name: documents
        mountPath: /documents
      {{- end }}
      {{- if .remember }}
      - name: remembered
        mountPath: /remembered
      {{- end }}
volumes:
  - name: home
    {{- if and .state (eq $root.Values.state.kind "ephemeral") }}
    ephemeral:
      volumeClaimTemplate:
        spec:
          accessModes: [ReadWriteOnce]
          {{- with $root.Values.state.storageClass }}
          storageClassName: {{ . }}
          {{- end }}
          resources:
            requests:
              storage: {{ $root.Values.state.size }}
    {{- else }}
    emptyDir:
      sizeLimit: {{ ternary $root.Values.state.size "64Mi" (default false .state) }}
    {{- end }}
  - name: scratch
    emptyDir:
      sizeLimit: {{ $root.Values.pods.scratchSize }}
  {{- if $keys }}
  - name: keys
    emptyDir:
      medium: Memory
      sizeLimit: 1Mi
  - name: secret
    secret:
      secretName: {{ hasKey . "signing" | ternary (.signing | default dict).secret $root.Values.secrets.existingSecret }}
      items:
        {{- with .signing }}
        - key: {{ .item }}
          path: {{ .file }}
        {{- end }}
        {{- if has "masterKey" .needs }}
        - key: {{ $root.Values.secrets.masterKey }}
          path: master.json
        {{- end }}
        {{- if has "pseudonyms" .needs }}
        - key: {{ $root.Values.secrets.pseudonyms }}
          path: pseudonyms.secret
        {{- end }}
  {{- end }}
  {{- if $claim }}
  - name: documents
    persistentVolumeClaim:
      claimName: {{ include "spendtrail.claim" $root }}
  {{- end }}
  {{- with .remember }}
  - name: remembered
    persistentVolumeClaim:
      claimName: {{ . }}
  {{- end }}
# Replicas of one stage on one node would go together with it.
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "spendtrail.selector" . | nindent 8 }}
{{- with $root.Values.pods }}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Labels and annotations of a pod. A change of the settings rolls the pods: they read them once, when they start. */}}
{{- define "spendtrail.podMetadata" -}}
labels:
  {{- include "spendtrail.labels" . | nindent 2 }}
  {{- with .root.Values.pods.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/settings: {{ include "spendtrail.settings" .root | sha256sum }}
  {{- with .root.Values.pods.annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
