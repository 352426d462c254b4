{{/*
What the bundled engines have in common: a StatefulSet of one pod, and the Service that the services find it by. Each engine's own file
gives its container (environment, probes) and these:

  root     the chart's context
  name     kafka, cassandra, elasticsearch or redis; its block in .Values.engines
  port     at which clients find it, by this name
  user, group   that the official image runs as
  data     folder of the image that holds the engine's data
  readOnly true where the image writes nothing outside its volumes
  grace    seconds that a clean end may take
*/}}
{{- define "millrace.engine" -}}
{{- $values := index .root.Values.engines .name -}}
{{- $component := list .root .name -}}
{{- $fullname := include "millrace.name" $component -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ $fullname }}
  labels: {{- include "millrace.labels" $component | nindent 4 }}
spec:
  # An address that stays when the pod is replaced: drivers remember what a name was at their start.
  type: ClusterIP
  selector: {{- include "millrace.selectorLabels" $component | nindent 4 }}
  ports:
    - name: {{ .name }}
      port: {{ .port }}
      targetPort: {{ .name }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $fullname }}
  labels: {{- include "millrace.labels" $component | nindent 4 }}
spec:
  # One node: these engines are for development. In production Millrace takes the addresses of a cluster.
  replicas: 1
  serviceName: {{ $fullname }}
  selector:
    matchLabels: {{- include "millrace.selectorLabels" $component | nindent 6 }}
  template:
    metadata:
      # Nothing that changes with the chart's version: an upgrade of Millrace leaves its engines alone.
      labels: {{- include "millrace.selectorLabels" $component | nindent 8 }}
    spec:
      automountServiceAccountToken: false
      # Variables such as KAFKA_PORT, which Kubernetes would make of Services, are settings to these images.
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ .grace }}
      {{- with .root.Values.image.pullSecrets }}
      imagePullSecrets: {{- range . }}
        - name: {{ . }}{{ end }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: {{ .user }}
        runAsGroup: {{ .group }}
        fsGroup: {{ .user }}
        # Without this every start would walk all data to give it to the group.
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: {{ .name }}
          image: {{ include "millrace.engine.image" . }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          ports:
            - name: {{ .name }}
              containerPort: {{ .port }}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities:
              drop: [ALL]
            readOnlyRootFilesystem: {{ .readOnly }}
          resources: {{- toYaml $values.resources | nindent 12 }}
          volumeMounts:
            - name: data
              mountPath: {{ .data }}
            - name: tmp
              mountPath: /tmp
          # Only an engine that answers nobody for two minutes is started again: a slow one would be slower after it.
          livenessProbe:
            tcpSocket:
              port: {{ .name }}
            periodSeconds: 20
            timeoutSeconds: 5
            failureThreshold: 6
          {{- .container | nindent 10 }}
      volumes:
        - name: tmp
          emptyDir: {}
        {{- if not (dig "persistence" "enabled" false $values) }}
        - name: data
          emptyDir: {}
        {{- end }}
  {{- if dig "persistence" "enabled" false $values }}
  # `helm uninstall` leaves nothing behind.
  persistentVolumeClaimRetentionPolicy:
    whenDeleted: Delete
    whenScaled: Retain
  volumeClaimTemplates:
    - metadata:
        name: data
        labels: {{- include "millrace.selectorLabels" $component | nindent 10 }}
      spec:
        accessModes: [ReadWriteOnce]
        {{- with $values.persistence.storageClass }}
        storageClassName: {{ . | quote }}
        {{- end }}
        resources:
          requests:
            storage: {{ $values.persistence.size | quote }}
  {{- end }}
{{- end }}

{{/* The image, from `engines.registry` where that is set: a host that the reference itself names is replaced by it. */}}
{{- define "millrace.engine.image" -}}
{{- $image := (index .root.Values.engines .name).image -}}
{{- with .root.Values.engines.registry -}}
{{- $image = printf "%s/%s" . (regexReplaceAll "^[^/]*[.:][^/]*/" $image "") -}}
{{- end -}}
{{- $image | quote -}}
{{- end }}

{{/* Probes by a script of bash, which these images have: neither brings a client that starts in less than a second. (dict "script" …) */}}
{{- define "millrace.engine.scriptProbes" -}}
startupProbe:
  exec: &works
    command:
      - bash
      - -ec
      - |
        {{- .script | nindent 8 }}
  periodSeconds: 3
  timeoutSeconds: 10
  # Five minutes for a first start on a busy machine, or for what was in the commit log.
  failureThreshold: 100
readinessProbe:
  exec: *works
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 3
{{- end }}
