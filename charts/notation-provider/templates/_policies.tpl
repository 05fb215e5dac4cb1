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

{{/*
Namespaces that nothing of ours may concern, for servers must be able to come back (call with (list root more)). They must have
namespaces of their own: what people create in the same one would not be judged.
*/}}
{{- define "notation-provider.excluded" -}}
{{- $root := index . 0 -}}
{{- if has "default" (list $root.Values.gatekeeper.namespace $root.Release.Namespace) -}}
{{- fail "constraints and mutators leave out the namespaces of Gatekeeper and of the release, and one of them is default, where people create pods: nothing there would be judged. Install it into a namespace of its own, with --namespace notation-provider --create-namespace" -}}
{{- end -}}
{{- concat (index . 1) (list $root.Values.gatekeeper.namespace $root.Release.Namespace) | uniq | toYaml -}}
{{- end }}
