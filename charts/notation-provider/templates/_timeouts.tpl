{{/* A duration as Go writes it (the argument), such as 1800ms or 1m30s, in milliseconds. */}}
{{- define "notation-provider.milliseconds" -}}
{{- $units := dict "ns" 0.000001 "us" 0.001 "µs" 0.001 "ms" 1.0 "s" 1000.0 "m" 60000.0 "h" 3600000.0 -}}
{{- $sum := 0.0 -}}
{{- range regexFindAll "[0-9.]+(ns|us|µs|ms|s|m|h)" . -1 -}}
{{- $number := regexFind "^[0-9.]+" . -}}
{{- $sum = addf $sum (mulf (float64 $number) (get $units (trimPrefix $number .))) -}}
{{- end -}}
{{- $sum -}}
{{- end }}

{{/* Provider.spec.timeout: whole seconds, the least above a time to answer (the argument, a duration). */}}
{{- define "notation-provider.timeout" -}}
{{- add1 (divf (include "notation-provider.milliseconds" . | float64) 1000 | floor | int64) -}}
{{- end }}

{{/* Refuses a drainDelay after which a pod has no time left to finish requests (20 s) and its log (1 s). */}}
{{- define "notation-provider.checkDrain" -}}
{{- $drain := .Values.config.drainDelay | default "3s" -}}
{{- $grace := .Values.terminationGracePeriodSeconds | int -}}
{{- if ge (addf (include "notation-provider.milliseconds" $drain | float64) 21000) (mulf $grace 1000) -}}
{{- fail (printf "config.drainDelay: with %s a server needs more than %d s to end: Kubernetes would kill it while it answers. Shorten it, or raise terminationGracePeriodSeconds" $drain $grace) -}}
{{- end -}}
{{- end }}

{{/* Refuses what would let Gatekeeper's webhooks give up before the servers answer: it may admit then. */}}
{{- define "notation-provider.checkTimes" -}}
{{- $answer := .Values.config.answerWithin | default "1800ms" -}}
{{- $mutate := .Values.config.mutateWithin | default "800ms" -}}
{{- $verify := .Values.config.verifyWithin | default "15s" -}}
{{- $timeout := include "notation-provider.timeout" $answer | int -}}
{{- $webhook := .Values.gatekeeper.webhookTimeoutSeconds | int -}}
{{- if ge $timeout $webhook -}}
{{- fail (printf "config.answerWithin: with %s the Provider waits %d s, and Gatekeeper's validating webhook only %d s: it would give up first, and may admit. Shorten it, or raise validatingWebhookTimeoutSeconds of Gatekeeper and gatekeeper.webhookTimeoutSeconds here" $answer $timeout $webhook) -}}
{{- end -}}
{{- with .Values.constraints.preset -}}
{{- $constraints := splitList "\n---\n" ($.Files.Get (printf "files/presets/%s.yaml" .)) | len -}}
{{- if ge (mul $constraints $timeout | int) $webhook -}}
{{- fail (printf "constraints.preset: %s has %d constraints, which may wait %d s each, one after the other, and Gatekeeper's validating webhook waits only %d s: it would give up first, and may admit. Raise validatingWebhookTimeoutSeconds of Gatekeeper and gatekeeper.webhookTimeoutSeconds here, to %d" . $constraints $timeout $webhook (add1 (mul $constraints $timeout))) -}}
{{- end -}}
{{- end -}}
{{- $timeout = include "notation-provider.timeout" $mutate | int -}}
{{- $webhook = .Values.gatekeeper.mutatingWebhookTimeoutSeconds | int -}}
{{- if gt $timeout $webhook -}}
{{- fail (printf "config.mutateWithin: with %s the Provider waits %d s, and Gatekeeper's mutating webhook only %d s: it would give up first. Shorten it, or raise mutatingWebhookTimeoutSeconds of Gatekeeper and gatekeeper.mutatingWebhookTimeoutSeconds here" $mutate $timeout $webhook) -}}
{{- end -}}
{{- range $key, $value := dict "answerWithin" $answer "mutateWithin" $mutate -}}
{{- if gt (include "notation-provider.milliseconds" $value | float64) (include "notation-provider.milliseconds" $verify | float64) -}}
{{- fail (printf "config.%s: %s is longer than config.verifyWithin, %s; shorten it or lengthen that" $key $value $verify) -}}
{{- end -}}
{{- end -}}
{{- end }}
