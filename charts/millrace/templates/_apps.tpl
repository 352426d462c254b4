{{/*
What the apps are, for every template that loops over them: those of the chosen mode, by name.

  engines      whom it speaks to, of Kafka, Cassandra, Elasticsearch and Redis
  calls        which apps it sends requests to
  front        whether senders and people reach it: a Service with an address, the ports of all protocols
  partitioned  whether it shares the topics' partitions with its replicas, so that more replicas than partitions only stand by
*/}}
{{- define "millrace.apps" -}}
{{- if eq .Values.mode "standalone" -}}
standalone: {engines: [], calls: [], front: true, partitioned: false}
{{- else -}}
gateway: {engines: [cassandra, redis], calls: [intake, query], front: true, partitioned: false}
intake: {engines: [kafka, cassandra, redis], calls: [], front: false, partitioned: false}
router: {engines: [kafka, cassandra, redis], calls: [], front: false, partitioned: true}
writer: {engines: [kafka, cassandra], calls: [], front: false, partitioned: true}
indexer: {engines: [kafka, cassandra, elasticsearch], calls: [], front: false, partitioned: true}
query: {engines: [kafka, cassandra, elasticsearch, redis], calls: [], front: false, partitioned: false}
{{- end }}
{{- end }}

{{/* What runs to its end with settings of its own, and is no app: as above, by name. */}}
{{- define "millrace.jobs" -}}
{{- if eq .Values.mode "services" -}}
migrate: {engines: [kafka, cassandra, elasticsearch], calls: []}
doctor: {engines: [kafka, cassandra, elasticsearch, redis], calls: [{{ include "millrace.front" . }}]}
{{- end }}
{{- end }}

{{/* The app that senders reach. */}}
{{- define "millrace.front" -}}
{{- ternary "standalone" "gateway" (eq .Values.mode "standalone") -}}
{{- end }}

{{/* An app's block of the values, over what all apps have in common: (list root app), as YAML. */}}
{{- define "millrace.app" -}}
{{- $values := (index . 0).Values -}}
{{- mergeOverwrite (deepCopy $values.appDefaults) (deepCopy (index $values (index . 1))) | toYaml -}}
{{- end }}

{{/* The ports that senders reach the front by, as a YAML map of name to port and protocol. Syslog has the ports that the settings give it. */}}
{{- define "millrace.frontPorts" -}}
{{- $settings := include "millrace.settings" (list . (include "millrace.front" .)) | fromYaml -}}
http: {port: {{ include "millrace.httpPort" . }}, protocol: TCP, appProtocol: http}
{{- if ne (toString $settings.otlpGrpcPort) "off" }}
otlp-grpc: {port: {{ $settings.otlpGrpcPort }}, protocol: TCP, appProtocol: kubernetes.io/h2c}
{{- end }}
{{- with $settings.syslogTcpPort }}
syslog-tcp: {port: {{ . }}, protocol: TCP}
{{- end }}
{{- with $settings.syslogUdpPort }}
syslog-udp: {port: {{ . }}, protocol: UDP}
{{- end }}
{{- end }}
