//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// variables are a container's environment.
type variables map[string]string

func (v variables) list() []string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(v)) {
		pairs = append(pairs, name+"="+v[name])
	}
	return pairs
}

var reference = regexp.MustCompile(`\$\$|\$\([^)]+\)`)

// expand replaces $(NAME), leaves those that are not known, and makes $$ a $.
func (v variables) expand(text string) string {
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$$" {
			return "$"
		}
		if value, ok := v[found[2:len(found)-1]]; ok {
			return value
		}
		return found
	})
}

func (v variables) expandAll(texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, v.expand(text))
	}
	return all
}

// environment is made in the kubelet's order: image, services, envFrom, env.
func (c *container) environment(ctx context.Context, image *image) (variables, error) {
	object := c.pod.object()
	v := variables{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME": hostname(object)}
	for _, pair := range image.config.Env {
		name, value, _ := strings.Cut(pair, "=")
		v[name] = value
	}
	if err := c.pod.agent.addServices(ctx, v, object); err != nil {
		return nil, err
	}
	for _, source := range c.spec.EnvFrom {
		values, err := c.pod.agent.valuesFrom(ctx, object.Namespace, source)
		if err != nil {
			return nil, err
		}
		for name, value := range values {
			v[source.Prefix+name] = value
		}
	}
	for _, e := range c.spec.Env {
		value, ok, err := c.value(ctx, e, v)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", e.Name, err)
		}
		if ok {
			v[e.Name] = value
		}
	}
	return v, nil
}

// addServices adds the variables of the API server's service, and of those of the namespace unless the pod has no links.
func (a *agent) addServices(ctx context.Context, v variables, object *corev1.Pod) error {
	var services corev1.ServiceList
	if err := a.known.List(ctx, &services); err != nil {
		return err
	}
	links := object.Spec.EnableServiceLinks == nil || *object.Spec.EnableServiceLinks
	for _, s := range services.Items {
		server := s.Namespace == "default" && s.Name == "kubernetes"
		if !hasClusterIP(&s) || !server && (!links || s.Namespace != object.Namespace) {
			continue
		}
		prefix := strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
		v[prefix+"_SERVICE_HOST"] = s.Spec.ClusterIP
		for i, port := range s.Spec.Ports {
			number := strconv.Itoa(int(port.Port))
			if i == 0 {
				v[prefix+"_SERVICE_PORT"] = number
			}
			if port.Name != "" {
				v[prefix+"_SERVICE_PORT_"+strings.ToUpper(strings.ReplaceAll(port.Name, "-", "_"))] = number
			}
		}
	}
	return nil
}

func (a *agent) valuesFrom(ctx context.Context, namespace string, source corev1.EnvFromSource) (map[string]string, error) {
	values := map[string]string{}
	if r := source.ConfigMapRef; r != nil {
		var m corev1.ConfigMap
		if err := a.known.Get(ctx, client.ObjectKey{Namespace: namespace, Name: r.Name}, &m); err != nil && !isOptional(err, r.Optional) {
			return nil, err
		}
		maps.Copy(values, m.Data)
	}
	if r := source.SecretRef; r != nil {
		var s corev1.Secret
		if err := a.known.Get(ctx, client.ObjectKey{Namespace: namespace, Name: r.Name}, &s); err != nil && !isOptional(err, r.Optional) {
			return nil, err
		}
		for name, value := range s.Data {
			values[name] = string(value)
		}
	}
	return values, nil
}

func isOptional(err error, optional *bool) bool {
	return apierrors.IsNotFound(err) && optional != nil && *optional
}

// value is not ok where the variable is optional and what it refers to is missing.
func (c *container) value(ctx context.Context, e corev1.EnvVar, so variables) (value string, ok bool, err error) {
	from := e.ValueFrom
	object := c.pod.object()
	switch {
	case from == nil:
		return so.expand(e.Value), true, nil
	case from.FieldRef != nil:
		value, err = c.pod.field(from.FieldRef.FieldPath)
		return value, true, err
	case from.ResourceFieldRef != nil:
		value, err = c.pod.resourceField(from.ResourceFieldRef, c.spec)
		return value, true, err
	case from.SecretKeyRef != nil:
		r := from.SecretKeyRef
		var s corev1.Secret
		if err := c.pod.agent.known.Get(ctx, client.ObjectKey{Namespace: object.Namespace, Name: r.Name}, &s); err != nil && !isOptional(err, r.Optional) {
			return "", false, err
		}
		data, ok := s.Data[r.Key]
		return string(data), ok, missingKey(ok, r.Optional, "Secret", r.Name, r.Key)
	case from.ConfigMapKeyRef != nil:
		r := from.ConfigMapKeyRef
		var m corev1.ConfigMap
		if err := c.pod.agent.known.Get(ctx, client.ObjectKey{Namespace: object.Namespace, Name: r.Name}, &m); err != nil && !isOptional(err, r.Optional) {
			return "", false, err
		}
		value, ok := m.Data[r.Key]
		return value, ok, missingKey(ok, r.Optional, "ConfigMap", r.Name, r.Key)
	}
	return "", false, fmt.Errorf("valueFrom %+v is not supported", from)
}

func missingKey(ok bool, optional *bool, kind, name, key string) error {
	if ok || optional != nil && *optional {
		return nil
	}
	return fmt.Errorf("%s %q has no key %q", kind, name, key)
}
