{{/* The Secret with the serving certificate. */}}
{{- define "notation-provider.tlsSecret" -}}
{{- if eq .Values.tls.source "secret" -}}
{{ required "tls.secret.name: is missing; with tls.source=secret name the Secret that has tls.crt and tls.key" .Values.tls.secret.name }}
{{- else -}}
{{ include "notation-provider.fullname" . }}-tls
{{- end -}}
{{- end }}

{{/* Whether the rotator keeps the ConfigMap with the CA of Gatekeeper's client certificate. Empty: it does not. */}}
{{- define "notation-provider.keepsClientCA" -}}
{{- if not (or .Values.tls.clientCA.configMap.name .Values.tls.clientCA.secret.name) -}}
true
{{- end -}}
{{- end }}

{{/* Whether there is a rotator: for the serving certificate, for that CA, or for both. Empty: there is none. */}}
{{- define "notation-provider.hasRotator" -}}
{{- if or (eq .Values.tls.source "rotator") (include "notation-provider.keepsClientCA" .) -}}
true
{{- end -}}
{{- end }}

{{/* The volume with that CA. */}}
{{- define "notation-provider.clientCAVolume" -}}
{{- with .Values.tls.clientCA -}}
{{- if .secret.name -}}
secret:
  secretName: {{ .secret.name }}
  items: [{key: {{ .secret.key }}, path: ca.crt}]
{{- else if .configMap.name -}}
configMap:
  name: {{ .configMap.name }}
  items: [{key: {{ .configMap.key }}, path: ca.crt}]
{{- else -}}
configMap:
  name: {{ include "notation-provider.fullname" $ }}-client-ca
  items: [{key: ca.crt, path: ca.crt}]
{{- end -}}
{{- end -}}
{{- end }}

{{/* Names that the serving certificate has. */}}
{{- define "notation-provider.dnsNames" -}}
{{- $service := printf "%s.%s" (include "notation-provider.fullname" .) .Release.Namespace -}}
- {{ $service }}
- {{ $service }}.svc
- {{ $service }}.svc.cluster.local
{{- end }}

{{/*
caBundle of a Provider, with its key (call with (list root name)). Gatekeeper refuses a Provider without one, and the rotator's
CA is made in the cluster. So at first it is a certificate that ended in 1971 and whose key is gone: it vouches for nothing.
From the time that the rotator has written it, an upgrade says nothing of it, and so no rollback to that revision does.
*/}}
{{- define "notation-provider.caBundle" -}}
{{- $root := index . 0 -}}
{{- if ne $root.Values.tls.source "rotator" -}}
{{- $pem := required (printf "tls.caBundle: is missing; with tls.source=%s give the CA of the serving certificate, in PEM" $root.Values.tls.source) $root.Values.tls.caBundle -}}
caBundle: {{ include "notation-provider.certificates" (list "tls.caBundle" $pem) | b64enc }}
{{- else -}}
{{- $live := lookup "externaldata.gatekeeper.sh/v1beta1" "Provider" "" (index . 1) -}}
{{- if not (include "notation-provider.ownedByOther" (list $root $live "f:caBundle")) -}}
caBundle: {{ dig "spec" "caBundle" "" $live | default ($root.Files.Get "files/placeholder-ca.pem" | b64enc) }}
{{- end -}}
{{- end -}}
{{- end }}
