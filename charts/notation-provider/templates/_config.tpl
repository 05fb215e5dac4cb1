{{/* The file name of a registry's CA (the argument is its host). */}}
{{- define "notation-provider.caFile" -}}
{{ regexReplaceAll "[^a-z0-9.-]" . "_" }}.pem
{{- end }}

{{/* Where the chart puts what the configuration names, by the key's path. */}}
{{- define "notation-provider.known" -}}
listen: ":8443"
adminListen: ":8080"
tls.certFile: /etc/notation-provider/tls/tls.crt
tls.keyFile: /etc/notation-provider/tls/tls.key
tls.clientCAFile: /etc/notation-provider/client-ca/ca.crt
trust.policyFile: /etc/notation-provider/trust/trustpolicy.json
trust.storeDir: /etc/notation-provider/trust/truststore
{{- if .Values.evidenceVolume }}
cache.evidence.store: directory
cache.evidence.directory.path: /var/lib/notation-provider/evidence
{{- end }}
{{- with .Values.evidenceValkey }}
{{- if .passwordSecret.name }}
cache.evidence.valkey.passwordFile: /etc/notation-provider/valkey/password
{{- end }}
{{- if .sentinelPasswordSecret.name }}
cache.evidence.valkey.sentinelPasswordFile: /etc/notation-provider/valkey/sentinel-password
{{- end }}
{{- if or .ca.configMap.name .ca.secret.name }}
cache.evidence.valkey.tls.caFile: /etc/notation-provider/valkey/ca.crt
{{- end }}
{{- if .clientCertificateSecret.name }}
cache.evidence.valkey.tls.clientCertFile: /etc/notation-provider/valkey/tls.crt
cache.evidence.valkey.tls.clientKeyFile: /etc/notation-provider/valkey/tls.key
{{- end }}
{{- end }}
{{- end }}

{{/* The server's configuration: config of the values, with what the chart knows. What contradicts that is an error. */}}
{{- define "notation-provider.config" -}}
{{- include "notation-provider.checkTimes" . -}}
{{- include "notation-provider.checkDrain" . -}}
{{- $config := deepCopy .Values.config -}}
{{- range $path, $value := include "notation-provider.known" . | fromYaml -}}
{{- $parts := splitList "." $path -}}
{{- $in := $config -}}
{{- range initial $parts -}}
{{- if not (get $in .) -}}{{- $_ := set $in . dict -}}{{- end -}}
{{- $in = get $in . -}}
{{- end -}}
{{- $said := get $in (last $parts) -}}
{{- if and $said (ne $said $value) -}}
{{- fail (printf "config.%s: %q contradicts the chart, which has it at %q; leave it out" $path $said $value) -}}
{{- end -}}
{{- $_ := set $in (last $parts) $value -}}
{{- end -}}
{{- if not $config.tls.clientNames -}}
{{- $_ := set $config.tls "clientNames" (list (printf "%s.%s.svc" .Values.gatekeeper.webhookService .Values.gatekeeper.namespace)) -}}
{{- end -}}
{{- $files := list -}}
{{- range $i, $_ := .Values.dockerConfigSecrets -}}
{{- $files = append $files (printf "/etc/notation-provider/docker/%d/config.json" $i) -}}
{{- end -}}
{{- with concat $files ($config.dockerConfigs | default list) -}}
{{- $_ := set $config "dockerConfigs" . -}}
{{- end -}}
{{- range $ca := .Values.registryCAs -}}
{{- $file := printf "/etc/notation-provider/registry-ca/%s" (include "notation-provider.caFile" $ca.host) -}}
{{- $found := false -}}
{{- range $i, $registry := $config.registries -}}
{{- if eq $registry.host $ca.host -}}
{{- $found = true -}}
{{- if and $registry.caFile (ne $registry.caFile $file) -}}
{{- fail (printf "config.registries[%d].caFile: %q contradicts registryCAs, by which it is %q; leave one of them out" $i $registry.caFile $file) -}}
{{- end -}}
{{- $_ := set $registry "caFile" $file -}}
{{- end -}}
{{- end -}}
{{- if not $found -}}
{{- $_ := set $config "registries" (append ($config.registries | default list) (dict "host" $ca.host "caFile" $file)) -}}
{{- end -}}
{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/*
What of the configuration is read at start alone, by the key's path. The list of those keys is generated from the server's; all others
are in force soon after the ConfigMap has changed.
*/}}
{{- define "notation-provider.readAtStart" -}}
{{- $config := include "notation-provider.config" . | fromYaml -}}
{{- $found := dict -}}
{{- range $path := .Files.Get "files/read-at-start.txt" | trim | splitList "\n" -}}
{{- $value := $config -}}
{{- range splitList "." $path -}}
{{- $value = get ($value | default dict) . -}}
{{- end -}}
{{- $_ := set $found $path $value -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{/* What the servers read of evidenceValkey: sources of a projected volume, or nothing. */}}
{{- define "notation-provider.valkeySources" -}}
{{- $store := dig "cache" "evidence" "store" "" .Values.config -}}
{{- with .Values.evidenceValkey -}}
{{- if and (ne $store "valkey") (or .passwordSecret.name .sentinelPasswordSecret.name .ca.configMap.name .ca.secret.name .clientCertificateSecret.name) -}}
{{- fail "config.cache.evidence.store: is not valkey; set it so, or leave evidenceValkey out" -}}
{{- end -}}
{{- with .passwordSecret -}}{{- if .name }}
- secret: {name: {{ .name }}, items: [{key: {{ .key | quote }}, path: password}]}
{{- end -}}{{- end -}}
{{- with .sentinelPasswordSecret -}}{{- if .name }}
- secret: {name: {{ .name }}, items: [{key: {{ .key | quote }}, path: sentinel-password}]}
{{- end -}}{{- end -}}
{{- if and .ca.configMap.name .ca.secret.name -}}
{{- fail "evidenceValkey.ca: has a ConfigMap and a Secret; leave one of them out" -}}
{{- end -}}
{{- with .ca.configMap -}}{{- if .name }}
- configMap: {name: {{ .name }}, items: [{key: {{ .key | quote }}, path: ca.crt}]}
{{- end -}}{{- end -}}
{{- with .ca.secret -}}{{- if .name }}
- secret: {name: {{ .name }}, items: [{key: {{ .key | quote }}, path: ca.crt}]}
{{- end -}}{{- end -}}
{{- with .clientCertificateSecret.name }}
- secret: {name: {{ . }}, items: [{key: tls.crt, path: tls.crt}, {key: tls.key, path: tls.key}]}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The ports of the servers that keep evidence, as a list of numbers. */}}
{{- define "notation-provider.valkeyPorts" -}}
{{- $ports := list -}}
{{- if eq (dig "cache" "evidence" "store" "" .Values.config) "valkey" -}}
{{- range dig "cache" "evidence" "valkey" "addresses" list .Values.config -}}
{{- $ports = append $ports (splitList ":" . | last | int) -}}
{{- end -}}
{{- $ports = concat $ports .Values.evidenceValkey.egress.ports -}}
{{- end -}}
{{- toJson ($ports | uniq) -}}
{{- end }}
