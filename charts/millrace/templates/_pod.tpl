{{/*
The pod of an app, and of everything else that runs an image of ours:

  root        the chart's context
  component   the app, or what the pod is for
  image       which of our images; the component when not given
  engines     whose passwords it reads
  hook        true where the pod runs before the chart's own objects exist, so that it takes copies of them
  args        of its program
  env         list of variables beyond those of the settings
  settings    false where it has no millrace.yaml
  values      its block of the values
  container   YAML of the container that only it has: ports, probes
  volumes     YAML of volumes that only it has, and mounts
  restart     restartPolicy
*/}}
{{- define "millrace.pod" -}}
{{- $root := .root -}}
{{- $component := .component -}}
{{- $withSettings := ne (toString .settings) "false" -}}
{{- $secrets := include "millrace.secretFiles" (list $root $component (default list .engines)) | fromYaml -}}
{{- $prefix := ternary (include "millrace.name" (list $root $component)) (include "millrace.fullname" $root) (eq (toString .hook) "true") -}}
{{- $values := .values -}}
metadata:
  labels: {{- include "millrace.selectorLabels" (list $root $component) | nindent 4 }}
    app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
    {{- with $values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  {{- $annotations := deepCopy (default dict $values.podAnnotations) -}}
  {{- if $withSettings }}{{ $_ := set $annotations "millrace.dev/settings" (include "millrace.settings" (list $root $component) | sha256sum) }}{{ end -}}
  {{- $ownKeys := ternary "" (include "millrace.name" (list $root "keys")) (ne $root.Values.existingSecrets.keys "") -}}
  {{- range $secrets }}{{ if eq .secret $ownKeys }}{{ $_ := set $annotations "millrace.dev/keys" (include "millrace.generatedKeys" $root | sha256sum) }}{{ end }}{{ end -}}
  {{- with $annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ ternary (ternary "default" (include "millrace.serviceAccount" $root) $root.Values.serviceAccount.create) (include "millrace.serviceAccount" $root) (eq (toString .hook) "true") }}
  # Nothing of ours speaks to Kubernetes.
  automountServiceAccountToken: false
  # Kubernetes would make MILLRACE_… variables of our Services, which are no settings and are refused.
  enableServiceLinks: false
  {{- with .restart }}
  restartPolicy: {{ . }}
  {{- end }}
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets: {{- range . }}
    - name: {{ . }}{{ end }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $values.terminationGracePeriodSeconds }}
  terminationGracePeriodSeconds: {{ . }}
  {{- end }}
  # The "restricted" Pod Security Standard, and the user that the images are made for.
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: {{ default $component .image }}
      image: {{ include "millrace.image" (list $root (default $component .image)) }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      {{- with .args }}
      args: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      {{- $env := default list .env }}
      {{- if $withSettings }}{{ $env = append $env (dict "name" "MILLRACE_CONFIG_FILE" "value" "/etc/millrace/millrace.yaml") }}{{ end }}
      {{- range $folder, $each := $secrets }}
      {{- range $setting, $entry := $each.files }}
      {{- $env = append $env (dict "name" (printf "MILLRACE_%s_FILE" (snakecase $setting | upper)) "value" (printf "/etc/millrace/secrets/%s/%s" $folder $entry)) }}
      {{- end }}
      {{- end }}
      {{- with include "millrace.heapLimit" $values.resources }}{{ $env = append $env (dict "name" "NODE_OPTIONS" "value" (printf "--max-old-space-size=%s" .)) }}{{ end }}
      {{- with $root.Values.trustedCertificates.configMap }}{{ $env = append $env (dict "name" "NODE_EXTRA_CA_CERTS" "value" (printf "/etc/millrace/certificates/%s" $root.Values.trustedCertificates.entry)) }}{{ end }}
      {{- $env = concat $env $root.Values.extraEnv (default list $values.extraEnv) }}
      {{- with $env }}
      env: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.resources }}
      resources: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .container }}
      {{- . | nindent 6 }}
      {{- end }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- if $withSettings }}
        - {name: settings, mountPath: /etc/millrace/millrace.yaml, subPath: millrace.yaml, readOnly: true}
        {{- end }}
        {{- range $folder, $_ := $secrets }}
        - {name: secret-{{ $folder }}, mountPath: /etc/millrace/secrets/{{ $folder }}, readOnly: true}
        {{- end }}
        {{- if $root.Values.trustedCertificates.configMap }}
        - {name: certificates, mountPath: /etc/millrace/certificates, readOnly: true}
        {{- end }}
        {{- with .mounts }}{{ . | nindent 8 }}{{ end }}
  volumes:
    - name: tmp
      emptyDir: {}
    {{- if $withSettings }}
    - name: settings
      configMap:
        name: {{ $prefix }}-config
        items: [{key: {{ $component }}.yaml, path: millrace.yaml}]
    {{- end }}
    {{- range $folder, $each := $secrets }}
    - name: secret-{{ $folder }}
      secret:
        secretName: {{ if eq $each.secret $ownKeys }}{{ $prefix }}-keys{{ else }}{{ $each.secret }}{{ end }}
        defaultMode: 0440
        items: {{- range $_, $entry := $each.files }}
          - {key: {{ $entry }}, path: {{ $entry }}}{{ end }}
    {{- end }}
    {{- with $root.Values.trustedCertificates.configMap }}
    - name: certificates
      configMap: {name: {{ . }}}
    {{- end }}
    {{- with .volumes }}{{ . | nindent 4 }}{{ end }}
  {{- with $values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    {{- $selector := dict "matchLabels" (include "millrace.selectorLabels" (list $root $component) | fromYaml) }}
    {{- /* Of this revision only: else a rolling upgrade is spread around the pods that it replaces. And over nodes that take them: a tainted one without pods would count as the emptiest. */}}
    - {{ mergeOverwrite (dict "labelSelector" $selector "matchLabelKeys" (list "pod-template-hash") "nodeTaintsPolicy" "Honor") . | toYaml | indent 6 | trim }}
    {{- end }}
  {{- end }}
{{- end }}

{{/*
Megabytes of JavaScript's own heap: half of the memory limit. The other half is for what lies outside of it, which is most here: bodies, columns,
compression, threads. Without a limit Node takes its own from the node's memory, and pods are killed instead of collecting garbage.
*/}}
{{- define "millrace.heapLimit" -}}
{{- $limit := dig "limits" "memory" "" (default dict .) | toString -}}
{{- if regexMatch "^[0-9]+Gi$" $limit -}}{{- trimSuffix "Gi" $limit | int | mul 512 -}}
{{- else if regexMatch "^[0-9]+Mi$" $limit -}}{{- div (trimSuffix "Mi" $limit | int) 2 -}}
{{- end -}}
{{- end }}
