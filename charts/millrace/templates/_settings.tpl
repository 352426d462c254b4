{{/* Every app listens here: with a pod for each there is nobody to collide with. */}}
{{- define "millrace.httpPort" -}}8080{{- end }}

{{/* The figures have a port of their own, which no Service of senders and no Ingress leads to. */}}
{{- define "millrace.metricsPort" -}}9464{{- end }}

{{/*
The settings of one app as its millrace.yaml: what the chart itself knows (addresses of its own objects), over that `config`, over that the
app's own `config`. (list root app); the migration has no block of its own.
*/}}
{{- define "millrace.settings" -}}
{{- $root := index . 0 -}}
{{- $app := index . 1 -}}
{{- $ours := dict "httpPort" (include "millrace.httpPort" $root | int) "metricsPort" (include "millrace.metricsPort" $root | int) "otlpGrpcPort" 4317 -}}
{{- if eq $root.Values.mode "standalone" -}}
{{- $_ := set $ours "dataDir" "/data" -}}
{{- else -}}
{{- $_ := set $ours "drainDelayMs" 5000 -}}
{{- $_ := set $ours "intakeUrls" (list (printf "http://%s:%s" (include "millrace.name" (list $root "intake")) (include "millrace.httpPort" $root))) -}}
{{- $_ := set $ours "queryUrls" (list (printf "http://%s:%s" (include "millrace.name" (list $root "query")) (include "millrace.httpPort" $root))) -}}
{{- if $root.Values.engines.bundled -}}
{{- $_ := set $ours "kafkaBrokers" (list (printf "%s:9092" (include "millrace.name" (list $root "kafka")))) -}}
{{- $_ := set $ours "cassandraContactPoints" (list (printf "%s:9042" (include "millrace.name" (list $root "cassandra")))) -}}
{{- $_ := set $ours "elasticsearchNodes" (list (printf "http://%s:9200" (include "millrace.name" (list $root "elasticsearch")))) -}}
{{- $_ := set $ours "redisAddress" (printf "%s:6379" (include "millrace.name" (list $root "redis"))) -}}
{{- end -}}
{{- end -}}
{{- $own := dig $app "config" dict $root.Values.AsMap -}}
{{- $settings := mergeOverwrite $ours (deepCopy $root.Values.config) (deepCopy $own) -}}
{{- /* Whoever is told to take syslog wants the key of its tenant, which only the front has. */ -}}
{{- if ne $app (include "millrace.front" $root) }}{{ $settings = omit $settings "syslogTcpPort" "syslogUdpPort" }}{{ end -}}
{{- $settings | toYaml -}}
{{- end }}

{{/* What the schema cannot say about the settings, or not in words that help. */}}
{{- define "millrace.checkSettings" -}}
{{- $secrets := include "millrace.secretSettings" . | fromYaml -}}
{{- $blocks := dict "config" .Values.config -}}
{{- range $app := keys (include "millrace.apps" . | fromYaml) -}}
{{- $_ := set $blocks (printf "%s.config" $app) (default dict (index $.Values $app).config) -}}
{{- end -}}
{{- range $name, $block := $blocks -}}
{{- range $setting, $_ := $block -}}
{{- with index $secrets $setting -}}
{{- fail (printf "%s.%s is a secret, and what is written here ends in a ConfigMap: put it into a Secret as its entry %q and name that Secret in existingSecrets.%s" $name $setting .entry .secret) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.mode "services" -}}
{{- range $setting, $example := dict "kafkaBrokers" "[kafka-0:9092]" "cassandraContactPoints" "[cassandra-0:9042]" "elasticsearchNodes" "[https://elasticsearch:9200]" "redisAddress" "redis:6379" -}}
{{- $given := index $.Values.config $setting -}}
{{- if and $given $.Values.engines.bundled -}}
{{- fail (printf "config.%s is of an engine of your own, and engines.bundled brings one: take one of them" $setting) -}}
{{- end -}}
{{- if not (or $given $.Values.engines.bundled) -}}
{{- fail (printf "config.%s is missing: say where your engine is, as %s. To try Millrace without engines of your own set engines.bundled=true, or mode=standalone" $setting $example) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.mode "services" -}}
{{- range $app := keys (include "millrace.apps" . | fromYaml) | sortAlpha -}}
{{- $grace := (include "millrace.app" (list $ $app) | fromYaml).terminationGracePeriodSeconds | int -}}
{{- $drainDelayMs := (include "millrace.settings" (list $ $app) | fromYaml).drainDelayMs | int -}}
{{- /* What a service allows itself, in run-service.ts: four delays as long as requests come, then 18 s to end. */ -}}
{{- $needed := div (add (mul 4 $drainDelayMs) 18000 999) 1000 -}}
{{- if lt $grace (int $needed) -}}
{{- fail (printf "%s: terminationGracePeriodSeconds is %d, and with drainDelayMs %d it may take %d s to end: it would be killed at its work. Give it as long, or set a shorter delay" $app $grace $drainDelayMs (int $needed)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if gt (int (default 1 .Values.config.kafkaMinInsyncReplicas)) (int (default 1 .Values.config.kafkaReplicationFactor)) -}}
{{- fail "config.kafkaMinInsyncReplicas: no more copies can be in sync than config.kafkaReplicationFactor makes" -}}
{{- end -}}
{{- if eq .Values.image.tag "latest" -}}
{{- fail "image.tag: latest names another image on another day, and each node keeps its own; name a version" -}}
{{- end -}}
{{- if and (eq .Values.mode "standalone") .Values.engines.bundled -}}
{{- fail "engines.bundled: the standalone process has its engines inside; take one of mode=standalone and engines.bundled=true" -}}
{{- end -}}
{{- end }}

{{/* Settings that come from Secrets only: the block of existingSecrets and the entry there. */}}
{{- define "millrace.secretSettings" -}}
kafkaPassword: {secret: kafka, entry: password}
cassandraPassword: {secret: cassandra, entry: password}
elasticsearchPassword: {secret: elasticsearch, entry: password}
redisPassword: {secret: redis, entry: password}
syslogApiKey: {secret: syslog, entry: api-key}
bootstrapApiKey: {secret: keys, entry: api-key}
bootstrapAdminKey: {secret: keys, entry: admin-key}
{{- end }}

{{/*
The Secrets that one app reads, as a YAML map of folder to {secret, files: {setting: entry}}: passwords of the engines it speaks to, and the keys it
makes. User names are no secrets: where `config` has one, the Secret's own is not looked at. (list root app engines)
*/}}
{{- define "millrace.secretFiles" -}}
{{- $root := index . 0 -}}
{{- $app := index . 1 -}}
{{- $settings := include "millrace.settings" (list $root $app) | fromYaml -}}
{{- range $engine := index . 2 }}
{{- with index $root.Values.existingSecrets $engine }}
{{ $engine }}:
  secret: {{ . }}
  files:
    {{ $engine }}Password: password
    {{- if and (ne $engine "redis") (not (index $settings (printf "%sUsername" $engine))) }}
    {{ $engine }}Username: username
    {{- end }}
{{- end }}
{{- end }}
{{- if has $app (list "migrate" "standalone") }}
keys:
  secret: {{ include "millrace.keysSecret" $root }}
  files: {bootstrapApiKey: api-key, bootstrapAdminKey: admin-key}
{{- end }}
{{- if has $app (list "test" "doctor") }}
keys:
  secret: {{ include "millrace.keysSecret" $root }}
  files: {apiKey: api-key}
{{- end }}
{{- if and (eq $app (include "millrace.front" $root)) (or $settings.syslogTcpPort $settings.syslogUdpPort) }}
syslog:
  secret: {{ default (include "millrace.keysSecret" $root) $root.Values.existingSecrets.syslog }}
  files: {syslogApiKey: api-key}
{{- end }}
{{- end }}

{{/*
The keys that are made at the installation, encoded as a Secret has them: those of the Secret that is there already, else random ones, the same
for all templates of one rendering. `helm template` cannot look into a cluster and makes new ones every time: name a Secret of your own there.
*/}}
{{- define "millrace.generatedKeys" -}}
{{- if not (hasKey . "millraceKeys") -}}
{{- $existing := default dict (lookup "v1" "Secret" .Release.Namespace (include "millrace.name" (list . "keys"))) -}}
{{- $data := default dict $existing.data -}}
{{- $keys := dict -}}
{{- range $entry := list "api-key" "admin-key" -}}
{{- $_ := set $keys $entry (default (randAlphaNum 40 | b64enc) (index $data $entry)) -}}
{{- end -}}
{{- $_ := set . "millraceKeys" $keys -}}
{{- end -}}
{{- .millraceKeys | toYaml -}}
{{- end }}
