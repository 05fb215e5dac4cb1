//go:build promtool

package monitoring

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// series is one that Prometheus has recorded.
type series struct {
	name    string
	labels  map[string]string
	value   float64
	counter bool
}

// text is what promtool reads. It has no Unix time from its own clock, which begins at zero, and needs none.
func (s series) text() string {
	var labels []string
	for _, name := range slices.Sorted(maps.Keys(s.labels)) {
		labels = append(labels, fmt.Sprintf("%s=%q", name, s.labels[name]))
	}
	return s.name + "{" + strings.Join(labels, ",") + "}"
}

// values has a counter count on, so that it has a rate.
func (s series) values() string {
	if s.counter {
		return fmt.Sprintf("%v+1x30", s.value)
	}
	return fmt.Sprintf("%vx30", s.value)
}

// recorded are the series of an exposition, with the labels that Prometheus adds.
func recorded(t *testing.T, text, namespace string) []series {
	t.Helper()
	var all []series
	for name, family := range families(t, text) {
		if !strings.HasPrefix(name, "notation_provider_") && !strings.HasPrefix(name, "gatekeeper_") {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{"namespace": namespace, "pod": "a"}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			all = append(all, values(name, labels, family.GetType(), metric)...)
		}
	}
	return all
}

func values(name string, labels map[string]string, kind dto.MetricType, metric *dto.Metric) []series {
	if kind != dto.MetricType_HISTOGRAM {
		value := metric.GetGauge().GetValue() + metric.GetCounter().GetValue() + metric.GetUntyped().GetValue()
		return []series{{name, labels, value, kind == dto.MetricType_COUNTER}}
	}
	histogram := metric.GetHistogram()
	all := []series{{name + "_sum", labels, histogram.GetSampleSum(), true}, {name + "_count", labels, float64(histogram.GetSampleCount()), true}}
	for _, bucket := range histogram.GetBucket() {
		with := maps.Clone(labels)
		with["le"] = fmt.Sprint(bucket.GetUpperBound())
		all = append(all, series{name + "_bucket", with, float64(bucket.GetCumulativeCount()), true})
	}
	return all
}

// recordedSeries are those of a real server, of the rotator, of Gatekeeper, and of the chart's recording rule.
func recordedSeries(t *testing.T) []series {
	t.Helper()
	all := recorded(t, exposed(t), ours)
	all = append(all, recorded(t, read(t, "testdata/rotator.prom"), ours)...)
	all = append(all, recorded(t, read(t, "testdata/gatekeeper.prom"), gatekeepers)...)
	return append(all, series{exceptionExpiry, map[string]string{"namespace": ours, "constraint": "a", "image": "b"}, 1e9, false})
}
