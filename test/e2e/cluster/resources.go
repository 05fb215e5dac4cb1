//go:build e2e

package cluster

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// resourceField is a container's request or limit in units of the divisor, rounded up; what a node has where it has none.
func (p *pod) resourceField(r *corev1.ResourceFieldSelector, own *corev1.Container) (string, error) {
	object := p.object()
	spec := own
	for _, list := range [][]corev1.Container{object.Spec.InitContainers, object.Spec.Containers} {
		for i := range list {
			if list[i].Name == r.ContainerName {
				spec = &list[i]
			}
		}
	}
	kind, name, _ := strings.Cut(r.Resource, ".")
	if spec == nil {
		return "", fmt.Errorf("resource %q of which container?", r.Resource)
	}
	quantity, ok := spec.Resources.Limits[corev1.ResourceName(name)]
	if kind == "requests" {
		quantity, ok = spec.Resources.Requests[corev1.ResourceName(name)]
	}
	if !ok && kind == "limits" {
		quantity = nodeStatus("", "").Allocatable[corev1.ResourceName(name)]
	}
	divisor := r.Divisor
	if divisor.IsZero() {
		divisor = resource.MustParse("1")
	}
	return strconv.FormatInt(int64(math.Ceil(quantity.AsApproximateFloat64()/divisor.AsApproximateFloat64())), 10), nil
}
