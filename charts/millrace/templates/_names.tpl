{{/* First part of every object's name. The longest that is added is `-elasticsearch-0`, and a pod's host name takes 63 characters. */}}
{{- define "millrace.fullname" -}}
{{- $name := .Release.Name -}}
{{- if not (contains "millrace" $name) -}}{{- $name = printf "%s-millrace" $name -}}{{- end -}}
{{- trunc 47 $name | trimSuffix "-" -}}
{{- end }}

{{/* (list root component) */}}
{{- define "millrace.name" -}}
{{- printf "%s-%s" (include "millrace.fullname" (index . 0)) (index . 1) -}}
{{- end }}

{{/* What selects the pods of one app. It must never change: Kubernetes refuses another selector on an existing Deployment. (list root component) */}}
{{- define "millrace.selectorLabels" -}}
app.kubernetes.io/name: millrace
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* (list root component) */}}
{{- define "millrace.labels" -}}
{{- $root := index . 0 -}}
{{ include "millrace.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* (list root app) */}}
{{- define "millrace.image" -}}
{{- $image := (index . 0).Values.image -}}
{{- $path := list $image.registry $image.repository (index . 1) | compact | join "/" -}}
{{- printf "%s:%s" $path (default (index . 0).Chart.AppVersion $image.tag) | quote -}}
{{- end }}

{{/* The Secret with the first tenant's key (`api-key`) and the operator's (`admin-key`). */}}
{{- define "millrace.keysSecret" -}}
{{- default (include "millrace.name" (list . "keys")) .Values.existingSecrets.keys -}}
{{- end }}

{{- define "millrace.serviceAccount" -}}
{{- $account := .Values.serviceAccount -}}
{{- if $account.create -}}{{- default (include "millrace.fullname" .) $account.name -}}{{- else -}}{{- default "default" $account.name -}}{{- end -}}
{{- end }}
