{{/* By a digest, where one is given. */}}
{{- define "scim-rotator.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* The rules of deploy/prometheus, with the links of this installation. */}}
{{- define "scim-rotator.rules" -}}
{{- $rules := .Files.Get "files/scim-rotator.rules.yml" | fromYaml -}}
{{- $links := (first (first $rules.groups).rules).labels -}}
{{- range $name, $address := .Values.prometheusOperator.links -}}
{{- if $address -}}
{{- $_ := set $links $name $address -}}
{{- end -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end -}}
