{{/*
Objects of a generated file in files/ (call with (list root path)), as {items: [...]}: with our labels, and without our names,
which the caller sets.
*/}}
{{- define "notation-provider.objects" -}}
{{- $root := index . 0 -}}
{{- $items := list -}}
{{- range splitList "\n---\n" ($root.Files.Get (index . 1)) -}}
{{- $object := fromYaml . -}}
{{- $_ := set $object.metadata "labels" (include "notation-provider.labels" $root | fromYaml) -}}
{{- $items = append $items $object -}}
{{- end -}}
{{- dict "items" $items | toYaml -}}
{{- end }}

{{/* Namespaces that nothing of ours may concern, for servers must be able to come back (call with (list root more)). */}}
{{- define "notation-provider.excluded" -}}
{{- $root := index . 0 -}}
{{- concat (index . 1) (list $root.Values.gatekeeper.namespace $root.Release.Namespace) | uniq | toYaml -}}
{{- end }}
