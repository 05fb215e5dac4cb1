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

{{/* The constraints of the preset with what the values put in the place of its own, as {items: [...]}. */}}
{{- define "notation-provider.constraints" -}}
{{- $root := . -}}
{{- $items := list -}}
{{- range $object := (include "notation-provider.objects" (list $root (printf "files/presets/%s.yaml" $root.Values.constraints.preset)) | fromYaml).items -}}
{{- $parameters := $object.spec.parameters -}}
{{- $_ := set $object.spec "enforcementAction" $root.Values.constraints.enforcementAction -}}
{{- $_ := set $object.spec.match "excludedNamespaces" (include "notation-provider.excluded" (list $root $root.Values.constraints.excludedNamespaces) | fromYamlArray) -}}
{{- $_ := set $parameters "provider" (include "notation-provider.fullname" $root) -}}
{{- range $key := list "images" "requireMetadata" "signers" "exceptions" "exceptionsFrom" "support" -}}
{{- if not (kindIs "invalid" (index $root.Values.constraints $key)) -}}
{{- $_ := set $parameters $key (index $root.Values.constraints $key) -}}
{{- end -}}
{{- end -}}
{{- $items = append $items $object -}}
{{- end -}}
{{- dict "items" $items | toYaml -}}
{{- end }}

{{/*
A recording rule for each exception of these constraints that ends, as a list. An exception counts to the end of its day, in
UTC. One whose date cannot be read counts for nothing, and is left out.
*/}}
{{- define "notation-provider.exceptionRules" -}}
{{- $root := . -}}
{{- $rules := list -}}
{{- if $root.Values.constraints.preset -}}
{{- range $constraint := (include "notation-provider.constraints" $root | fromYaml).items -}}
{{- range $exception := $constraint.spec.parameters.exceptions -}}
{{- $expires := $exception.expires | toString -}}
{{- if regexMatch "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" $expires -}}
{{- $end := add 86400 (toDate "2006-01-02T15:04:05Z07:00" (printf "%sT00:00:00Z" $expires) | unixEpoch) -}}
{{- if gt $end 86400 -}}
{{- $labels := dict "namespace" $root.Release.Namespace "constraint" $constraint.metadata.name "image" $exception.image -}}
{{- $rules = append $rules (dict "record" "notation_provider_exception_expiry_timestamp_seconds" "expr" (printf "vector(%d)" $end) "labels" $labels) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $rules | uniq | toYaml -}}
{{- end }}
