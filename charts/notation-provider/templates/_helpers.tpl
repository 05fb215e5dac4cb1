{{/* The name of all objects. Call with the root context, as all below unless they say otherwise. */}}
{{- define "notation-provider.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 44 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 44 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "notation-provider.rotator" -}}
{{ include "notation-provider.fullname" . }}-cert-rotator
{{- end }}

{{/* Labels of all objects. */}}
{{- define "notation-provider.labels" -}}
app.kubernetes.io/name: notation-provider
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: notation-provider
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Labels that select the servers' pods. They never change, as a Deployment's selector cannot. */}}
{{- define "notation-provider.selector" -}}
app.kubernetes.io/name: notation-provider
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end }}

{{- define "notation-provider.rotatorSelector" -}}
app.kubernetes.io/name: notation-provider
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: cert-rotator
{{- end }}

{{- define "notation-provider.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* What the restricted pod security standard wants of a pod. */}}
{{- define "notation-provider.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* What the restricted pod security standard wants of a container, and no writable root. */}}
{{- define "notation-provider.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* GOMEMLIMIT for resources (the argument): 25/32 of the memory limit in MiB, 200 of 256. Empty without a limit. */}}
{{- define "notation-provider.goMemLimit" -}}
{{- $limit := dig "limits" "memory" "" . | toString -}}
{{- if $limit -}}
{{- $number := regexFind "^[0-9]+(\\.[0-9]+)?" $limit | float64 -}}
{{- $unit := regexFind "[A-Za-z]*$" $limit -}}
{{- $units := dict "" 1.0 "k" 1000.0 "Ki" 1024.0 "M" 1000000.0 "Mi" 1048576.0 "G" 1000000000.0 "Gi" 1073741824.0 -}}
{{- if not (hasKey $units $unit) -}}
{{- fail (printf "resources.limits.memory: %q is not understood; write it like 256Mi or 1Gi" $limit) -}}
{{- end -}}
{{- printf "%dMiB" (divf (mulf $number (get $units $unit) 25) 33554432 | floor | int64) -}}
{{- end -}}
{{- end }}

{{/*
Refuses an installation that cannot be, as Gatekeeper is not there (call with (list root value group/version/kind)). helm template
sees no cluster, and gives the answer of none.
*/}}
{{- define "notation-provider.needs" -}}
{{- $root := index . 0 -}}
{{- if and (lookup "v1" "Namespace" "" "kube-system") (not ($root.Capabilities.APIVersions.Has (index . 2))) -}}
{{- fail (printf "%s: the cluster has no %s: install Gatekeeper first, or set this to false" (index . 1) (index . 2)) -}}
{{- end -}}
{{- end }}

{{/*
How many servers there are, with its key. The autoscaler says so once it has changed the number: until then an upgrade that
turns it on keeps those that run, where to say nothing would leave one. Where helm does not see the cluster it says nothing.
*/}}
{{- define "notation-provider.replicas" -}}
{{- if not .Values.autoscaling.enabled -}}
replicas: {{ .Values.replicas }}
{{- else -}}
{{- $live := lookup "apps/v1" "Deployment" .Release.Namespace (include "notation-provider.fullname" .) -}}
{{- if and $live (not (include "notation-provider.ownedByOther" (list . $live "f:replicas"))) -}}
replicas: {{ $live.spec.replicas }}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
Whether a field of a live object's spec belongs to another than helm, and stays if helm does not name it (call with (list root
live "f:FIELD")): so it is where helm applies on the server's side. Elsewhere helm compares with the last revision, and takes
away what only that names: helm 3, and releases that it made. Empty: it does not.
*/}}
{{- define "notation-provider.ownedByOther" -}}
{{- $field := index . 2 -}}
{{- $applied := false -}}
{{- $owned := false -}}
{{- range dig "metadata" "managedFields" list (index . 1) -}}
{{- if eq .manager "helm" -}}
{{- $applied = or $applied (eq .operation "Apply") -}}
{{- else if hasKey (dig "fieldsV1" "f:spec" dict .) $field -}}
{{- $owned = true -}}
{{- end -}}
{{- end -}}
{{- if and $applied $owned (not (hasPrefix "v3." (index . 0).Capabilities.HelmVersion.Version)) -}}
true
{{- end -}}
{{- end }}
