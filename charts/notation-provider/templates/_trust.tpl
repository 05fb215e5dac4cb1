{{/* The name of the ConfigMap with the trust policy. */}}
{{- define "notation-provider.trustConfigMap" -}}
{{- if .Values.trust.policy -}}
{{ include "notation-provider.fullname" . }}-inline-trust
{{- else -}}
{{ .Values.trust.configMap.name }}
{{- end -}}
{{- end }}

{{/* Which key of it is which file. */}}
{{- define "notation-provider.trustItems" -}}
{{- if .Values.trust.policy -}}
- {key: trustpolicy.json, path: trustpolicy.json}
{{- range $type, $stores := .Values.trust.stores }}
{{- range $name, $_ := $stores }}
- {key: {{ $type }}.{{ $name }}.pem, path: truststore/x509/{{ $type }}/{{ $name }}/{{ $name }}.pem}
{{- end }}
{{- end }}
{{- else -}}
{{- with .Values.trust.configMap.items }}{{ toYaml . }}{{ end -}}
{{- end -}}
{{- end }}

{{/* Refuses a private key where certificates are wanted: what is rendered is readable by many. Call with (list key text). */}}
{{- define "notation-provider.certificates" -}}
{{- if contains "PRIVATE KEY" (index . 1) -}}
{{- fail (printf "%s: holds a private key, which has no place in values; give the certificates alone" (index . 0)) -}}
{{- end -}}
{{- if not (contains "-----BEGIN CERTIFICATE-----" (index . 1)) -}}
{{- fail (printf "%s: holds no certificate in PEM" (index . 0)) -}}
{{- end -}}
{{- index . 1 -}}
{{- end }}
